// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The modes of the test child that are trees of processes, or stop some.
#pragma once

#include <string>
#include <vector>

/// daemon: ends once a grandchild in a session of its own is ready; its pid is printed
int daemonize(const std::vector<std::string>& w);

/// successor: says "ready"; at SIGTERM it leaves a child in a session of its own behind and ends
int successor(const std::vector<std::string>& w);

/// jobs COUNT: so many children, each in a process group of its own
int jobs(const std::vector<std::string>& w);

/// fork-relay COUNT: so many processes, each of which forks the next and ends, without end
int fork_relay(const std::vector<std::string>& w);

/// fork-bomb LIMIT: processes that each fork three more, in sessions of their own, until so many were made; all live on
int fork_bomb(const std::vector<std::string>& w);

/// respawners COUNT session|group: so many processes, every second of which ignores SIGTERM; whoever finds one of them
/// gone starts another in its place, in a session of its own or in the group
int respawners(const std::vector<std::string>& w);

/// tree-means: starts a tree and says what holds it together, and why not more
int tree_means(const std::vector<std::string>& w);

/// first-process: as the first process of a PID namespace; orphans of all kinds come and go, other children keep their
/// statuses, signals are handed on to the leader of a tree
int first_process(const std::vector<std::string>& w);

/// tree-with-outsider: as the first process of a PID namespace; starts a tree in a cgroup and says where that is; for
/// each line that it reads it stops the tree and says what is left, the first time as on a kernel without cgroup.kill
int tree_with_outsider(const std::vector<std::string>& w);

/// tree-that-dies-with-it cgroup|mark: starts a tree with children in sessions of their own that is to end with this
/// process, says what holds it together and the number of its leader, and waits
int tree_that_dies_with_it(const std::vector<std::string>& w);

/// trees-that-die-with-it COUNT: starts so many trees without a cgroup that die with it and says "ready"; for each line
/// that it reads it starts one more and says "more".
int trees_that_die_with_it(const std::vector<std::string>& w);

/// tree-in-tree INNER: a tree without a cgroup that dies with it, whose leader is tree-that-dies-with-it INNER.
int tree_in_tree(const std::vector<std::string>& w);

/// watch-directory DIRECTORY: has a watcher for it, as if it was a cgroup.
int watch_directory(const std::vector<std::string>& w);

/// tree-left-behind: starts a tree in a cgroup, says where that is, ends it, says "ended", and waits
int tree_left_behind(const std::vector<std::string>& w);

/// parent-killed-in-prctl: starts a child that is to die with it, which kills it before it has said so to the kernel;
/// the child says "alive" if it gets as far as its program
int parent_killed_in_prctl(const std::vector<std::string>& w);

/// tree-host: starts a tree whose leader stops itself, and when it goes on leaves a child in a session of its own
/// behind; says "ready" and waits
int tree_host(const std::vector<std::string>& w);
