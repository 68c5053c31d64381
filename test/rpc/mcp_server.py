# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

"""An MCP server made with the reference package: the tools of samples/programs/mcp_server, and some that tests need."""

import anyio
import mcp_types as types
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("parley-tools", version="1.0", log_level="ERROR")
ended = {}


@server.tool(description="Divides one whole number by another", structured_output=False)
def divide(dividend: int, divisor: int) -> str:
    if divisor == 0:
        raise ToolError("nothing can be divided by 0")
    return str(dividend // divisor)


def is_prime(n):
    return n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))


@server.tool(description="Counts the prime numbers below a number", structured_output=False)
async def count_primes(below: int, context: Context) -> str:
    found = n = 0
    while n < below:
        pause = min(n + 1000, below)
        found += sum(is_prime(i) for i in range(n, pause))
        n = pause
        await context.report_progress(n, below, f"{found} so far")
    return f"{found} primes"


@server.tool(description="Waits until it is cancelled", structured_output=False)
async def wait(name: str, context: Context) -> str:
    await context.report_progress(0.5, message="it waits")
    try:
        await anyio.sleep(300)
    except BaseException as e:
        ended[name] = type(e).__name__
        raise
    return "it was not cancelled"


@server.tool(description="How a wait has ended", structured_output=False)
async def how_ended(name: str) -> str:
    with anyio.fail_after(30):
        while name not in ended:
            await anyio.sleep(0.01)
    return ended[name]


@server.tool(description="Asks the client for its roots", structured_output=False)
async def ask_for_roots(context: Context) -> str:
    answer = await context.session.list_roots()
    return ", ".join(root.name or "?" for root in answer.roots)


@server.tool(description="Asks the client what its model says", structured_output=False)
async def ask_the_model(question: str, context: Context) -> str:
    said = await context.session.create_message(
        messages=[types.SamplingMessage(role="user", content=types.TextContent(type="text", text=question))],
        max_tokens=10,
    )
    return f"{said.model} says {said.content.text}"


@server.tool(description="Asks whether the client is there", structured_output=False)
async def ping_back(context: Context) -> str:
    await context.session.send_ping()
    return "it is"


server.run("stdio")
