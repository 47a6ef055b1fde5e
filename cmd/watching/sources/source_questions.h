#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/desired/config.h"
#include "engine/domain/instance_facts.h"
#include "engine/ports/commands.h"
#include "engine/ports/known_addresses.h"
#include "engine/ports/metrics/number_sources.h"
#include "engine/values/result.h"
#include "schemas/variables/read_input.h"

/// What is to be asked outside before the policies of a group are: nothing is asked here.

namespace vscale {

/// How long one source may take; of a capacity policy the file says it.
constexpr Duration kSourceTimeout{5'000};
constexpr Duration kSourceCommandTimeout{10'000};
/// How much one member may answer to a capacity policy.
constexpr std::size_t kCapacityAnswerMaxBytes = 64UL * 1024;

/// A member that capacity policies ask.
struct MemberToAsk {
  InstanceAddress address;
  InstanceFacts facts;  ///< Its `address` is where it is asked; empty: not known.
};

struct GroupToAsk {
  const Group* group = nullptr;      ///< Has `scaling`.
  std::vector<MemberToAsk> members;  ///< Those that may have something free: none that leave, or are off.
};

/// What tokens, user names and passwords are filled in from. Refers to it.
struct SourceTexts {
  const Variables& variables;
  const KnownAddresses& known_addresses;
};

/// One question of one policy.
struct SourceQuestion {
  std::string group;                                ///< group.web
  const ScalingPolicy* policy = nullptr;            ///< Of the configuration.
  std::optional<InstanceAddress> member;            ///< Of a capacity policy: whom it asks.
  std::string subject;                              ///< "policy queue of group.web", for messages.
  std::variant<HttpQuestion, Command, Error> asks;  ///< Error: why it cannot be asked.
};

/// All of them: groups and members in their order, policies in the file's.
///
/// Members are asked over https as Names::any: an authority that this machine trusts must vouch for the certificate,
/// but what name it is for is not looked at, since a guest is called by an address that was handed out a moment before.
/// Whoever wants no others than his own guests believed names his own authority by SSL_CERT_FILE.
std::vector<SourceQuestion> source_questions(const Config& config, const std::vector<GroupToAsk>& groups,
                                             const SourceTexts& texts);

}  // namespace vscale
