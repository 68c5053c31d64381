# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

"""mcp_client.py SERVER: the client of the reference package speaks to samples/programs/mcp_server."""

import sys
import time

import anyio
import mcp.client.stdio
from mcp import Client, MCPError, StdioServerParameters

mcp.client.stdio.PROCESS_TERMINATION_TIMEOUT = 60  # then it would kill the server


async def expect_error(code, awaitable):
    try:
        answer = await awaitable
    except MCPError as e:
        assert e.code == code, e
        return e
    raise AssertionError(f"an error was expected, not {answer}")


async def check(client):
    assert client.server_info.name == "parley-tools", client.server_info
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert sorted(tools) == ["count_primes", "divide"], tools
    schema = tools["divide"].input_schema
    assert schema["properties"] == {"dividend": {"type": "integer"}, "divisor": {"type": "integer"}}, schema
    assert sorted(schema["required"]) == ["dividend", "divisor"], schema

    result = await client.call_tool("divide", {"dividend": 42, "divisor": 6})
    assert not result.is_error and result.content[0].text == "7", result
    result = await client.call_tool("divide", {"dividend": 1, "divisor": 0})
    assert result.is_error and "divided by 0" in result.content[0].text, result
    error = await expect_error(-32602, client.call_tool("divide", {"dividend": 1, "divisor": "two"}))
    assert "divisor" in error.message, error
    await expect_error(-32602, client.call_tool("tea"))
    await expect_error(-32601, client.list_resources())

    steps = []

    async def step(progress, total, message):
        steps.append((progress, total, message))

    result = await client.call_tool("count_primes", {"below": 3500}, progress_callback=step)
    assert result.content[0].text == "489 primes", result
    assert steps == [
        (1000, 3500, "168 so far"),
        (2000, 3500, "303 so far"),
        (3000, 3500, "430 so far"),
        (3500, 3500, "489 so far"),
    ], steps
    result = await client.call_tool("count_primes", {"below": 3500})
    assert result.content[0].text == "489 primes", result
    assert len(steps) == 4, "nobody asked for progress"

    # Many at once, and one that is given up among them.
    async def divide(n):
        answer = await client.call_tool("divide", {"dividend": n * n, "divisor": n})
        assert answer.content[0].text == str(n), answer

    begun = anyio.Event()

    async def count_for_ever():
        async def begin(*_):
            begun.set()

        await client.call_tool("count_primes", {"below": 2_000_000_000}, progress_callback=begin)
        raise AssertionError("there is no end to it")

    async with anyio.create_task_group() as group:
        group.start_soon(count_for_ever)
        await begun.wait()
        async with anyio.create_task_group() as others:
            for n in range(1, 201):
                others.start_soon(divide, n)
        group.cancel_scope.cancel()
    await divide(1)


async def main(program):
    for mode in ("auto", "legacy"):
        async with Client(StdioServerParameters(command=program), mode=mode) as client:
            await check(client)
            ended = time.monotonic()
        assert time.monotonic() - ended < 50, "the server did not end with its standard input"
        print(f"{mode}: all as expected")


anyio.run(main, sys.argv[1])
