// cmd -> schemas -> engine <- providers, and cmd -> providers: who may know whom, kept for #include lines and link
// lines. Tests may know everything and are not looked at.

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/tree/source_tree.h"

namespace vscale::test {
namespace {

using Violations = std::vector<std::string>;

const std::map<std::string, std::set<std::string>> kArrows = {
    {"engine", {"engine"}},
    {"schemas", {"engine", "schemas"}},
    {"providers", {"engine", "providers"}},
    {"cmd", {"cmd", "engine", "providers", "schemas"}},
};

// Within these a folder knows only those before it, so that each can be read without the ones after it.
const std::map<std::string, std::vector<std::string>> kOrder = {
    {"engine",
     {"values", "desired", "domain", "live", "metrics", "recorded", "placement", "rollout", "scaling", "health", "plan",
      "ports", "gates", "execution", "approval", "watch"}},
    {"schemas", {"text", "metrics", "diagnostics", "yaml", "variables", "language", "config", "seed", "json", "trace"}},
};

// A library of others: how its headers and its CMake targets begin, and where it may be used. A new one needs a row.
struct Library {
  std::string header;
  std::string target;
  std::vector<std::string> places;  // beginnings of paths
};

const std::vector<Library> kLibraries = {
    {"fmt/", "fmt::", {"cmd/", "engine/", "providers/", "schemas/"}},
    {"nlohmann/", "nlohmann_json::", {"cmd/", "providers/", "schemas/"}},
    {"yaml-cpp/", "yaml-cpp", {"schemas/"}},
    {"CLI/", "CLI11::", {"cmd/"}},
    {"libvirt/", "PkgConfig::libvirt", {"providers/libvirt/"}},
    {"pugixml.hpp", "pugixml", {"providers/libvirt/"}},
    {"archive", "LibArchive::", {"providers/image/"}},
    {"date/", "date::", {"providers/clock/"}},
    {"SQLiteCpp/", "SQLiteCpp", {"providers/sqlite/"}},
    {"sqlite3.h", "SQLite::", {"providers/sqlite/"}},
    {"curl/",
     "PkgConfig::curl",
     {"providers/curl_request.h", "providers/http/", "providers/image/download/", "providers/network/"}},
    {"httplib.h", "PkgConfig::httplib", {"providers/http_server/"}},
    {"prometheus/", "PkgConfig::prometheus", {"cmd/serving/"}},
    // One pure function of the engine hashes what makes an identity.
    {"openssl/", "OpenSSL::", {"engine/values/digest.cpp", "providers/"}},
};

// Headers of the operating system: for those who touch the world.
const std::vector<std::string> kSystemHeaders = {"arpa/",   "dirent.h", "fcntl.h",   "ifaddrs.h", "linux/", "malloc.h",
                                                 "net/",    "netdb.h",  "netinet/",  "poll.h",    "pwd.h",  "signal.h",
                                                 "spawn.h", "sys/",     "termios.h", "unistd.h"};
const std::vector<std::string> kSystemPlaces = {"cmd/", "providers/"};

// Standard headers that only serve to ask or change something outside, or to run beside something else, and where in
// the engine they may be used nevertheless. The engine is handed time, randomness and text.
const std::map<std::string, std::vector<std::string>> kStandardHeadersOfEngine = {
    {"cstdio", {"engine/values/result.cpp"}},  // the last words of a failed assertion
    {"filesystem", {}},
    {"fstream", {}},
    {"future", {"engine/execution/"}},
    {"iostream", {}},
    {"random", {}},
    {"syncstream", {}},
    {"thread", {"engine/execution/"}},
};

bool begins_with_one_of(const std::string& text, const std::vector<std::string>& beginnings) {
  for (const std::string& beginning : beginnings) {
    if (text.starts_with(beginning)) return true;
  }
  return false;
}

std::string folder_of(const std::string& file) {
  return file.substr(0, file.find('/'));
}

// Why `file` may not include `header`, or "" if it may.
std::string forbidden_because(const std::string& file, const std::string& header, bool quoted) {
  const std::string folder = folder_of(file);
  if (quoted) {
    if (header.find('/') == std::string::npos) return "write the path from the root, such as \"engine/plan/plan.h\"";
    if (!kArrows.at(folder).contains(folder_of(header))) return folder + " must not know " + folder_of(header);
    return "";
  }
  const bool is_standard = header.find_first_of("./") == std::string::npos;
  if (is_standard) {
    const auto rule = kStandardHeadersOfEngine.find(header);
    const bool is_bound = folder == "engine" && rule != kStandardHeadersOfEngine.end();
    return is_bound && !begins_with_one_of(file, rule->second) ? "the engine is handed what it needs" : "";
  }
  for (const Library& library : kLibraries) {
    if (header.starts_with(library.header)) {
      return begins_with_one_of(file, library.places) ? "" : "this library belongs elsewhere";
    }
  }
  if (begins_with_one_of(header, kSystemHeaders)) {
    return begins_with_one_of(file, kSystemPlaces) ? "" : "the operating system is for cmd and providers";
  }
  return "a library that tests/tree/arrows_test.cpp does not know: decide where it belongs";
}

// Where the folder that a file is in stands in kOrder; behind all others if it does not.
std::ptrdiff_t rank_of(const std::string& file) {
  const std::vector<std::string>& order = kOrder.at(folder_of(file));
  const std::string rest = file.substr(file.find('/') + 1);
  return std::find(order.begin(), order.end(), folder_of(rest)) - order.begin();
}

// Why `folder` may not link `target`, or "" if it may.
std::string link_forbidden_because(const std::string& folder, const std::string& target) {
  for (const auto& [other, unused] : kArrows) {
    if (target == "vscale_" + other) {
      return kArrows.at(folder).contains(other) ? "" : folder + " must not know " + other;
    }
  }
  for (const Library& library : kLibraries) {
    if (!target.starts_with(library.target)) continue;
    for (const std::string& place : library.places) {
      if (folder_of(place) == folder) return "";
    }
    return "this library belongs elsewhere";
  }
  const std::set<std::string> known = {"PUBLIC", "PRIVATE", "INTERFACE", "vscale_options", "Threads::Threads"};
  return known.contains(target) ? "" : "a target that tests/tree/arrows_test.cpp does not know";
}

// What asks the outside world for something without an #include of its own to tell it by.
Violations effects_in(const Line& line) {
  Violations found;
  const std::string code = line.text.substr(0, line.text.find("//"));
  for (const char* call :
       {"_clock::now", "getenv", "std::rand", "std::cout", "std::cerr", "fmt::print", "std::time("}) {
    if (code.find(call) != std::string::npos) found.push_back(place(line.file, line.number) + ": " + call);
  }
  return found;
}

}  // namespace

TEST_CASE("files include only what lies along the arrows") {
  Violations violations;
  for (const auto& [folder, unused] : kArrows) {
    for (const std::string& file : cpp_files_below(folder)) {
      for (const Include& include : includes_of(file)) {
        const std::string why = forbidden_because(file, include.header, include.quoted);
        if (!why.empty()) violations.push_back(place(file, include.line) + ": " + include.header + ": " + why);
      }
    }
  }
  CHECK(violations == Violations{});
}

TEST_CASE("a folder knows only those before it") {
  Violations violations;
  for (const auto& [layer, order] : kOrder) {
    for (const std::string& file : cpp_files_below(layer)) {
      if (rank_of(file) == std::ssize(order)) violations.push_back(file + ": its folder has no place in kOrder");
      for (const Include& include : includes_of(file)) {
        if (!include.quoted || folder_of(include.header) != layer) continue;
        if (rank_of(include.header) <= rank_of(file)) continue;
        violations.push_back(place(file, include.line) + ": " + include.header + " comes after it");
      }
    }
  }
  CHECK(violations == Violations{});
}

TEST_CASE("libraries link only what lies along the arrows") {
  Violations violations;
  for (const auto& [folder, unused] : kArrows) {
    for (const std::string& target : linked_in(folder + "/CMakeLists.txt")) {
      const std::string why = link_forbidden_because(folder, target);
      if (!why.empty()) violations.push_back(folder + "/CMakeLists.txt: " + target + ": " + why);
    }
  }
  CHECK(violations == Violations{});
}

TEST_CASE("the engine asks nothing of the system") {
  Violations violations;
  for (const std::string& file : cpp_files_below("engine")) {
    for (const Line& line : lines_of(file)) {
      for (const std::string& effect : effects_in(line)) violations.push_back(effect);
    }
  }
  CHECK(violations == Violations{});
}

TEST_CASE("an arrow drawn the wrong way is seen") {
  CHECK(forbidden_because("engine/plan/plan.cpp", "engine/values/result.h", true).empty());
  CHECK(forbidden_because("engine/plan/plan.cpp", "vector", false).empty());
  CHECK(forbidden_because("providers/libvirt/link/handle.h", "libvirt/libvirt.h", false).empty());
  CHECK(forbidden_because("engine/values/digest.cpp", "openssl/evp.h", false).empty());

  CHECK(forbidden_because("engine/plan/plan.cpp", "schemas/json/plan_json.h", true) == "engine must not know schemas");
  CHECK(forbidden_because("providers/fake/world.cpp", "cmd/invocation/streams.h", true) ==
        "providers must not know cmd");
  CHECK(forbidden_because("schemas/reader.cpp", "providers/image/seed_iso.h", true) ==
        "schemas must not know providers");
  CHECK(forbidden_because("engine/plan/plan.cpp", "yaml-cpp/yaml.h", false) == "this library belongs elsewhere");
  CHECK(forbidden_because("engine/plan/plan.cpp", "openssl/evp.h", false) == "this library belongs elsewhere");
  CHECK(forbidden_because("providers/sqlite/store.cpp", "libvirt/libvirt.h", false) ==
        "this library belongs elsewhere");
  CHECK(forbidden_because("engine/plan/plan.cpp", "iostream", false) == "the engine is handed what it needs");
  CHECK(forbidden_because("engine/plan/plan.cpp", "thread", false) == "the engine is handed what it needs");
  CHECK(forbidden_because("engine/execution/executor.cpp", "thread", false).empty());
  CHECK(!forbidden_because("engine/plan/plan.cpp", "unistd.h", false).empty());
  CHECK(!forbidden_because("cmd/main.cpp", "boost/any.hpp", false).empty());
  CHECK(!forbidden_because("cmd/main.cpp", "run.h", true).empty());

  CHECK(rank_of("engine/gates/gates.cpp") < rank_of("engine/execution/executor.h"));
  CHECK(rank_of("engine/plan/fates/fates.h") == rank_of("engine/plan/plan.h"));
  CHECK(rank_of("engine/new/a.cpp") == std::ssize(kOrder.at("engine")));

  CHECK(link_forbidden_because("schemas", "vscale_engine").empty());
  CHECK(link_forbidden_because("engine", "vscale_providers") == "engine must not know providers");
  CHECK(link_forbidden_because("engine", "yaml-cpp") == "this library belongs elsewhere");
  CHECK(!link_forbidden_because("cmd", "Boost::any").empty());

  CHECK(effects_in({.file = "engine/a.cpp", .number = 1, .text = "const auto now = system_clock::now();"}).size() == 1);
  CHECK(effects_in({.file = "engine/a.cpp", .number = 1, .text = "// never system_clock::now()"}).empty());
}

}  // namespace vscale::test
