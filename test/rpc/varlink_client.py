# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

"""varlink_client.py ADDRESS: the reference package calls org.example.parley, which varlink_python_test serves."""

import sys

import varlink


def error_of(call):
    try:
        answer = call()
    except varlink.VarlinkError as e:
        return e.error(), e.parameters()
    raise AssertionError(f"an error was expected, not {answer}")


with varlink.Client(sys.argv[1]) as client:
    assert client.get_interfaces() == ["org.varlink.service", "org.example.parley"], client.info
    assert client.info["product"] == "a test", client.info
    with client.open("org.example.parley") as example:
        assert example.Add(2, 3) == {"sum": 5}
        assert example.Add(a=-(2**62), b=1) == {"sum": 1 - 2**62}
        assert example.Describe({"name": "\u00e4\U0001f600", "tags": {"a", "b"}, "size": None}) == {
            "text": "\u00e4\U0001f600 a b"
        }
        assert [answer["n"] for answer in example.Count(500, _more=True)] == list(range(1, 501))
        assert example.Count(7) == {"n": 7}, "who does not ask for more gets one answer"
        for n in range(100):
            assert example.Note(f"note {n}", _oneway=True) is None
        assert example.Notes()["all"] == [f"note {n}" for n in range(100)]

        error = error_of(lambda: example.Find("cake"))
        assert error == ("org.example.parley.NotFound", {"what": "cake"}), error
        name, parameters = error_of(lambda: example.Missing())
        assert name == "org.varlink.service.MethodNotFound", name
        assert parameters["method"].endswith("Missing"), parameters
        name, parameters = error_of(lambda: example.Mistaken("text"))
        assert name == "org.varlink.service.InvalidParameter", name
        name, parameters = error_of(lambda: list(example.Break(3, _more=True)))
        assert name == "org.example.parley.NotFound", name
        assert example.Add(1, 1) == {"sum": 2}, "errors are no end of the connection"
    error = error_of(lambda: client.open("org.example.tea"))
    assert error == ("org.varlink.service.InterfaceNotFound", {"interface": "org.example.tea"}), error

    # One who goes while more answers are to come, and others beside him.
    impatient = client.open("org.example.parley")
    answers = impatient.Count(1000000, _more=True)
    assert next(answers) == {"n": 1}
    with client.open("org.example.parley") as other:
        assert other.Add(3, 4) == {"sum": 7}
    impatient.close()
    with client.open("org.example.parley") as other:
        assert other.Add(3, 4) == {"sum": 7}
print("all as expected")
