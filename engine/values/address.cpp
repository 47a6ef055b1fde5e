#include "engine/values/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vscale {
namespace {

constexpr std::size_t kGroupNameMaxLength = 40;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::string to_string(const InstanceAddress& address) {
  if (address.kind == InstanceAddress::Kind::machine) return "machine." + address.group;
  return fmt::format("group.{}[{}]", address.group, address.ordinal);
}

std::string group_address(const InstanceAddress& address) {
  return (address.kind == InstanceAddress::Kind::machine ? "machine." : "group.") + address.group;
}

InstanceAddress first_address_of(std::string_view group) {
  constexpr std::string_view machine_prefix = "machine.";
  constexpr std::string_view group_prefix = "group.";
  if (group.starts_with(machine_prefix)) {
    return {InstanceAddress::Kind::machine, std::string(group.substr(machine_prefix.size())), 0};
  }
  if (group.starts_with(group_prefix)) group.remove_prefix(group_prefix.size());
  return {InstanceAddress::Kind::group, std::string(group), 0};
}

std::string short_name(const InstanceAddress& address) {
  if (address.kind == InstanceAddress::Kind::machine) return address.group;
  return fmt::format("{}-{}", address.group, address.ordinal);
}

std::string domain_name(const std::string& installation, const InstanceAddress& address) {
  return installation + "-" + short_name(address);
}

std::optional<InstanceAddress> parse_instance_address(std::string_view text) {
  constexpr std::string_view group_prefix = "group.";
  constexpr std::string_view machine_prefix = "machine.";
  if (text.starts_with(machine_prefix)) {
    const auto name = text.substr(machine_prefix.size());
    if (!is_group_name(name)) return std::nullopt;
    return InstanceAddress{InstanceAddress::Kind::machine, std::string(name), 0};
  }
  if (!text.starts_with(group_prefix) || !text.ends_with(']')) return std::nullopt;
  text.remove_prefix(group_prefix.size());
  text.remove_suffix(1);
  const auto bracket = text.find('[');
  if (bracket == std::string_view::npos) return std::nullopt;
  const auto name = text.substr(0, bracket);
  const auto digits = text.substr(bracket + 1);
  int ordinal = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ordinal);
  if (error != std::errc{} || end != digits.data() + digits.size() || ordinal < 0) return std::nullopt;
  if (!is_group_name(name)) return std::nullopt;
  return InstanceAddress{InstanceAddress::Kind::group, std::string(name), ordinal};
}

bool is_group_name(std::string_view name) {
  if (name.empty() || name.size() > kGroupNameMaxLength || !is_lower(name.front()) || name.back() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

}  // namespace vscale
