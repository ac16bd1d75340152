//===----------------------------------------------------------------------===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Work on many items, each in a process of its own, so that one that crashes or hangs takes no other with it.
//
//===----------------------------------------------------------------------===//
#include "Children.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace spnn::test;

namespace {
struct Child {
  size_t item;
  pid_t pid;
  int fd; ///< the end of its pipe that we read
};
} // namespace

static void writeAll(int fd, const std::string &text) {
  for (size_t done = 0; done < text.size();) {
    ssize_t count = write(fd, text.data() + done, text.size() - done);
    if (count <= 0 && errno != EINTR)
      _exit(2);
    done += count > 0 ? count : 0;
  }
}

static std::optional<std::string> describeDeath(int status) {
  if (WIFSIGNALED(status))
    return "it was ended by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ")";
  if (WEXITSTATUS(status) != 0)
    return "its process ended with status " + std::to_string(WEXITSTATUS(status));
  return std::nullopt;
}

std::vector<ChildResult> spnn::test::runInChildren(size_t count, unsigned jobs, unsigned seconds,
                                                   const std::function<std::string(size_t)> &work) {
  std::vector<ChildResult> results(count);
  std::vector<Child> running;
  for (size_t next = 0; next < count || !running.empty();) {
    if (next < count && running.size() < jobs) {
      int ends[2];
      // What is buffered here must not be written by the child as well.
      std::fflush(nullptr);
      if (pipe(ends) != 0) {
        results[next++].death = std::string("there is no pipe for it: ") + std::strerror(errno);
        continue;
      }
      pid_t pid = fork();
      if (pid == 0) {
        close(ends[0]);
        alarm(seconds);
        writeAll(ends[1], work(next));
        // Without destructors: what is freed here belongs to the parent's picture of the world.
        _exit(0);
      }
      close(ends[1]);
      if (pid < 0) {
        close(ends[0]);
        results[next++].death = std::string("there is no process for it: ") + std::strerror(errno);
        continue;
      }
      running.push_back({next++, pid, ends[0]});
      continue;
    }
    std::vector<pollfd> waiting;
    for (const Child &child : running)
      waiting.push_back({child.fd, POLLIN, 0});
    if (poll(waiting.data(), waiting.size(), -1) < 0)
      continue;
    for (size_t i = running.size(); i-- > 0;) {
      if (!waiting[i].revents)
        continue;
      char buffer[4096];
      ssize_t got = read(running[i].fd, buffer, sizeof(buffer));
      if (got > 0) {
        results[running[i].item].text.append(buffer, got);
        continue;
      }
      if (got < 0 && errno == EINTR)
        continue;
      int status = 0;
      close(running[i].fd);
      while (waitpid(running[i].pid, &status, 0) < 0 && errno == EINTR)
        ;
      results[running[i].item].death = describeDeath(status);
      running.erase(running.begin() + i);
    }
  }
  return results;
}
