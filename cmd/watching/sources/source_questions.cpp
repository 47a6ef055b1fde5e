#include "cmd/watching/sources/source_questions.h"

#include <fmt/format.h>

#include <utility>

#include "providers/http/url.h"
#include "schemas/seed/instance_text.h"

namespace vscale {
namespace {

using Asks = std::variant<HttpQuestion, Command, Error>;
using Parameters = std::vector<std::pair<const char*, std::string>>;

/// The address of one of a server's ways to ask it, beside what stands in its URL already; nothing for what is no URL.
std::optional<Url> asked_url(const std::string& server, const std::string& path, const Parameters& parameters) {
  auto url = parse_url(server);
  if (!url) return std::nullopt;
  while (url->path.ends_with('/')) url->path.pop_back();
  url->path += path;
  for (const auto& [name, value] : parameters) {
    url->query += fmt::format("{}{}={}", url->query.empty() ? "" : "&", name, percent_encoded(value));
  }
  return url;
}

Asks no_url(const std::string& key) {
  return Error{ErrorKind::invalid, fmt::format("{} is no http or https URL", key), "", "such as http://10.0.0.1:9090"};
}

HttpQuestion question_to(const Url& url) {
  return {
      .url = without_login(url), .user = url.user, .password = url.password, .headers = {}, .timeout = kSourceTimeout};
}

Asks ask_prometheus(const QuerySource& source) {
  const auto url = asked_url(source.url, "/api/v1/query", {{"query", source.query}});
  if (!url) return no_url("prometheus.url");
  return question_to(*url);
}

Asks ask_influxdb(const QuerySource& source, const std::optional<Influxdb>& server, const SourceTexts& texts) {
  if (!server) {
    return Error{ErrorKind::invalid, "the file names no InfluxDB", "", "add metrics.influxdb"};
  }
  const auto url = asked_url(server->url, "/query", {{"db", server->database}, {"q", source.query}});
  if (!url) return no_url("metrics.influxdb.url");
  const InstanceFacts nobody;
  const InstanceKnowledge known{nobody, texts.known_addresses, texts.variables};
  auto user = fill_in_for_instance(server->username, "metrics.influxdb.username", known);
  if (!user) return user.error();
  auto password = fill_in_for_instance(server->password.text, "metrics.influxdb.password", known);
  if (!password) return password.error();
  HttpQuestion question = question_to(*url);
  if (!user->empty()) {
    question.user = *std::move(user);
    question.password = *std::move(password);
  }
  return question;
}

Asks ask_application(const HttpSource& source) {
  const auto url = parse_url(source.url);
  if (!url) return no_url("http.url");
  return question_to(*url);
}

Asks run_command(const std::vector<std::string>& argv, const Group& group) {
  return Command{
      .argv = argv, .environment = {{"VSCALE_GROUP", group.name}}, .input = {}, .timeout = kSourceCommandTimeout};
}

/// Nothing: the policy needs no number from outside.
std::optional<Asks> asks_of(const ScalingPolicy& policy, const Group& group, const Config& config,
                            const SourceTexts& texts) {
  if (policy.prometheus) return ask_prometheus(*policy.prometheus);
  if (policy.influxdb) return ask_influxdb(*policy.influxdb, config.metrics.influxdb, texts);
  if (policy.http) return ask_application(*policy.http);
  if (!policy.command.empty()) return run_command(policy.command, group);
  return std::nullopt;
}

Asks ask_member(const CapacityEndpoint& endpoint, const MemberToAsk& member, const SourceTexts& texts) {
  const std::string& address = member.facts.address;
  if (address.empty()) {
    return Error{ErrorKind::unreachable, "its address is not known", "",
                 "give its network `addresses`, or wait for its lease"};
  }
  auto token =
      fill_in_for_instance(endpoint.token.text, "http.token", {member.facts, texts.known_addresses, texts.variables});
  if (!token) return token.error();
  const bool is_ipv6 = address.find(':') != std::string::npos;
  HttpQuestion question{
      .url = fmt::format("{}://{}:{}{}{}", endpoint.scheme, is_ipv6 ? "[" + address + "]" : address, endpoint.port,
                         endpoint.path.starts_with('/') ? "" : "/", encoded_path(endpoint.path)),
      .user = {},
      .password = {},
      .headers = {},
      .names = HttpQuestion::Names::any,
      .timeout = endpoint.timeout,
      .max_bytes = kCapacityAnswerMaxBytes};
  if (!token->empty()) question.headers.push_back({"Authorization", "Bearer " + *token});
  return question;
}

}  // namespace

std::vector<SourceQuestion> source_questions(const Config& config, const std::vector<GroupToAsk>& groups,
                                             const SourceTexts& texts) {
  std::vector<SourceQuestion> questions;
  for (const auto& [group, members] : groups) {
    VSCALE_ASSERT(group != nullptr && group->scaling, "a group without scaling has no policies to ask");
    const std::string address = address_of(*group);
    for (const ScalingPolicy& policy : group->scaling->policies) {
      const std::string subject = fmt::format("policy {} of {}", policy.name, address);
      if (auto asks = asks_of(policy, *group, config, texts)) {
        questions.push_back({address, &policy, std::nullopt, subject, *std::move(asks)});
      }
      if (!policy.endpoint) continue;
      for (const MemberToAsk& member : members) {
        questions.push_back({address, &policy, member.address,
                             fmt::format("{}: {}", subject, short_name(member.address)),
                             ask_member(*policy.endpoint, member, texts)});
      }
    }
  }
  return questions;
}

}  // namespace vscale
