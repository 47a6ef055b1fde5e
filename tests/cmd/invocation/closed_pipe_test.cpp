#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <sstream>
#include <streambuf>

#include "cmd/run.h"
#include "cmd/signals.h"
#include "tests/cmd/fake_world.h"

namespace vscale::test {
namespace {

/// Takes so many bytes, and then no more: a pipe that is closed, or a disk that is full.
class Cut final : public std::streambuf {
 public:
  explicit Cut(int bytes) : left_(bytes) {}

 private:
  int_type overflow(int_type byte) override { return left_-- > 0 ? byte : traits_type::eof(); }

  int left_;
};

struct Ended {
  int code = 0;
  std::string err;
};

/// `vscale WORDS` where out takes so many bytes.
Ended run_cut(FakeWorld& world, const std::vector<std::string>& words, int bytes, bool reader_is_gone) {
  std::istringstream in;
  Cut cut(bytes);
  std::ostream out(&cut);
  std::ostringstream err;
  Streams streams{.in = in, .out = out, .err = err, .out_reader_is_gone = [=] { return reader_is_gone; }};
  const int code = run(words, streams, world.outside());
  return {code, err.str()};
}

}  // namespace

TEST_CASE("a command whose reader goes away ends in quiet, with the exit code that it has") {
  FakeWorld world;
  world.write("vscale.yaml", web_config(2));
  const int bytes = GENERATE(0, 1, 30);
  CAPTURE(bytes);
  for (const std::vector<std::string>& words : {std::vector<std::string>{"schema"},
                                                {"--help"},
                                                {"version"},
                                                {"completion", "bash"},
                                                {"validate"},
                                                {"status"},
                                                {"inventory"},
                                                {"graph"}}) {
    CAPTURE(words);
    const Ended whole = run_cut(world, words, 1'000'000, false);
    const Ended ended = run_cut(world, words, bytes, true);
    CHECK(ended.code == whole.code);
    CHECK(ended.err == whole.err);
  }
  CHECK(run_cut(world, {"plan", "--detailed-exitcode"}, bytes, true).code == 2);
}

TEST_CASE("an apply whose reader goes away in the middle carries out everything") {
  const int bytes = GENERATE(0, 1, 100, 700);
  CAPTURE(bytes);
  FakeWorld world;
  world.write("vscale.yaml", web_config(3));

  const Ended ended = run_cut(world, {"apply", "--auto-approve"}, bytes, true);

  CHECK(ended.code == 0);
  CHECK(ended.err.empty());
  CHECK(world.cluster().domains().size() == 3);
  CHECK(world.vscale({"plan", "--detailed-exitcode"}).code == 0);
}

TEST_CASE("a result that cannot be written though somebody waits for it is an error") {
  FakeWorld world;
  for (const std::vector<std::string>& words : {std::vector<std::string>{"schema"}, {"--help"}}) {
    const Ended ended = run_cut(world, words, 5, false);
    CHECK(ended.code == 1);
    CHECK(ended.err == "error: the result could not be written; is the disk full?\n");
  }
}

TEST_CASE("the reader of a pipe or a socket is gone once it has closed its end, that of a file never") {
  std::array<int, 2> ends{};
  for (const bool socket : {false, true}) {
    CAPTURE(socket);
    REQUIRE((socket ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) : ::pipe(ends.data())) == 0);
    CHECK_FALSE(reader_is_gone(ends[1]));
    ::close(ends[0]);
    CHECK(reader_is_gone(ends[1]));
    ::close(ends[1]);
  }
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::tmpfile(), &std::fclose);
  CHECK_FALSE(reader_is_gone(::fileno(file.get())));
}

}  // namespace vscale::test
