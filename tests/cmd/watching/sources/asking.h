#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "cmd/watching/sources/ask_sources.h"
#include "providers/clock/system_clock.h"
#include "providers/http/http_client.h"
#include "providers/process/process_commands.h"
#include "schemas/config/config_reader.h"

/// A group with policies as a file has them, and its questions, asked in earnest.

namespace vscale::test {

/// Longer than any source of these tests takes, however busy the machine is.
inline constexpr Duration kSourcesTime{20'000};

class Asking {
 public:
  /// `policies`: lines of YAML, such as "queue: { … }\n"; `metrics`: the file's key of that name, in braces.
  explicit Asking(const std::string& policies, const std::string& metrics = "{}",
                  const std::map<std::string, std::string>& environment = {}) {
    std::string yaml = "version: 1\nname: prod\nmetrics: " + metrics +
                       "\nvars: { token: { sensitive: true } }\n"
                       "hosts: { kvm1: { uri: \"test:///default\" } }\n"
                       "images: { debian: { source: /images/debian.qcow2 } }\n"
                       "storage: { local: { pool: default } }\n"
                       "networks: { lan: { bridge: br0, addresses: [10.0.0.50-10.0.0.99] } }\n"
                       "groups:\n  web:\n"
                       "    template: { image: debian, vcpus: 1, memory: 1GiB, networks: [lan] }\n"
                       "    scaling:\n      min: 1\n      max: 9\n      policies:\n";
    for (std::size_t at = 0; at < policies.size();) {
      const std::size_t end = std::min(policies.find('\n', at), policies.size());
      yaml += "        " + policies.substr(at, end - at) + "\n";
      at = end + 1;
    }
    ReadConfig read =
        read_config({.files = {{"vscale.yaml", yaml}},
                     .working_folder = "/config",
                     .assignments = {},
                     .var_files = {},
                     .environment =
                         [environment](const std::string& name) {
                           const auto found = environment.find(name);
                           return found == environment.end() ? std::nullopt : std::optional<std::string>(found->second);
                         },
                     .read_file = {},
                     .secrets = ReadInput::Secrets::not_demanded});
    for (const auto& diagnostic : read.diagnostics) UNSCOPED_INFO(diagnostic.summary);
    REQUIRE(read.config);
    config = *std::move(read.config);
    variables = std::move(read.variables);
  }

  /// web-ORDINAL, which is asked at `address`.
  void add_member(int ordinal, const std::string& address) {
    const InstanceAddress member{InstanceAddress::Kind::group, "web", ordinal};
    members.push_back({member,
                       {.name = domain_name(config.name, member),
                        .group = "web",
                        .ordinal = ordinal,
                        .address = address,
                        .host = "kvm1"}});
  }

  std::vector<SourceQuestion> questions() const {
    return source_questions(config, {{&config.groups.front(), members}}, {variables, known_addresses});
  }

  SourceAnswers ask(
      Duration within = kSourcesTime, const std::function<bool()>& stopped = [] { return false; }) {
    const auto all = ask_sources(config, {{&config.groups.front(), members}}, {variables, known_addresses},
                                 {.http = client_, .commands = commands_, .clock = clock_, .stopped = stopped}, within);
    REQUIRE(all.size() == 1);
    return all.at("group.web");
  }

  Config config;
  Variables variables;
  KnownAddresses known_addresses;
  std::vector<MemberToAsk> members;

 private:
  HttpClient client_;
  ProcessCommands commands_;
  SystemClock clock_;
};

/// The number that a policy was told; fails the test if it was an error or none.
inline double number_told(const SourceAnswers& answers, const std::string& policy) {
  const auto& result = answers.numbers.at(policy);
  INFO((result ? "" : to_string(result.error())));
  REQUIRE(result);
  REQUIRE(*result);
  return **result;
}

inline bool none_told(const SourceAnswers& answers, const std::string& policy) {
  const auto& result = answers.numbers.at(policy);
  INFO((result ? "" : to_string(result.error())));
  REQUIRE(result);
  return !result->has_value();
}

inline std::string error_told(const SourceAnswers& answers, const std::string& policy) {
  const auto& result = answers.numbers.at(policy);
  REQUIRE_FALSE(result);
  return to_string(result.error());
}

}  // namespace vscale::test
