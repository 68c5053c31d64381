# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

@0xd5c1a3e8b0f24a97;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bench::schema");

interface Echo {
    echo @0 (bytes :Data) -> (bytes :Data);
    push @1 (bytes :Data) -> stream;
    call @2 (text :Text, number :Int32) -> (text :Text, number :Int32);
}
