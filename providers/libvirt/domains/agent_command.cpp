#include "providers/libvirt/domains/agent_command.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/values/text/lower_case.h"

namespace vscale::libvirt {
namespace {

using Json = nlohmann::json;

constexpr int kSignalExitBase = 128;

std::string to_base64(const std::string& bytes) {
  // EVP writes a terminating zero after the text.
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

/// The first `max_bytes` of what `text` stands for; nothing if it is not base64.
std::optional<std::string> from_base64(const std::string& text, std::size_t max_bytes) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t taken = std::min(text.size(), (max_bytes + 2) / 3 * 4);
  std::string bytes(taken / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(taken));
  if (length < 0) return std::nullopt;
  // EVP counts what stands for the padding as zero bytes.
  std::size_t padding = 0;
  while (padding < 2 && padding < taken && text[taken - 1 - padding] == '=') ++padding;
  bytes.resize(std::min(static_cast<std::size_t>(length) - padding, max_bytes));
  return bytes;
}

Error not_understood(const char* what) {
  return Error{ErrorKind::invalid, fmt::format("the guest agent answered {} by something else", what), "",
               "look at the guest: its agent may be damaged"};
}

/// The member "return" of an answer; null if the answer is not a JSON object with one.
Json returned(const std::string& reply) {
  Json answer = Json::parse(reply, nullptr, false);
  if (!answer.is_object() || !answer.contains("return")) return nullptr;
  return std::move(answer["return"]);
}

std::optional<std::int64_t> whole_number(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

/// An output that is not there is empty.
std::optional<std::string> output(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::string();
  if (!found->is_string()) return std::nullopt;
  return from_base64(found->get_ref<const std::string&>(), kGuestOutputMaxBytes);
}

/// Six pairs of hexadecimal digits with colons between them.
bool is_mac(std::string_view text) {
  constexpr std::size_t kLength = 17;
  if (text.size() != kLength) return false;
  for (std::size_t i = 0; i < kLength; ++i) {
    const bool fits = i % 3 == 2 ? text[i] == ':' : std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
    if (!fits) return false;
  }
  return true;
}

/// As inet_ntop writes it; nothing for what is no IPv4 address, or none that another machine could use.
std::optional<std::string> reachable_ipv4(const std::string& text) {
  constexpr unsigned kThisNetwork = 0, kLoopback = 127, kFirstMulticast = 224;
  std::array<char, INET_ADDRSTRLEN> written{};
  in_addr address{};
  // inet_pton() reads up to the first zero byte only.
  if (text.size() >= written.size() || text.find('\0') != std::string::npos) return std::nullopt;
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  const unsigned first = ntohl(address.s_addr) >> 24U;
  if (first == kThisNetwork || first == kLoopback || first >= kFirstMulticast) return std::nullopt;
  if (inet_ntop(AF_INET, &address, written.data(), written.size()) == nullptr) return std::nullopt;
  return written.data();
}

/// The text of a member; empty if there is none.
std::string text_at(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

void take_addresses_of(const Json& card, std::vector<GuestAddress>& addresses) {
  const std::string mac = text_at(card, "hardware-address");
  if (mac.empty() || !card.contains("ip-addresses")) return;
  const Json& list = card["ip-addresses"];
  if (!list.is_array()) return;
  for (const Json& each : list) {
    if (addresses.size() == kGuestAddressesMax) return;
    if (text_at(each, "ip-address-type") != "ipv4") continue;
    if (auto address = guest_address(mac, text_at(each, "ip-address"))) addresses.push_back(std::move(*address));
  }
}

}  // namespace

std::string ping_command() {
  return R"({"execute":"guest-ping"})";
}

Result<std::string> exec_command(const std::vector<std::string>& argv, const std::string& input) {
  VSCALE_ASSERT(!argv.empty(), "a command has a program");
  if (input.size() > kGuestInputMaxBytes) {
    return Error{ErrorKind::invalid,
                 fmt::format("a guest's command is given at most {} of input, not {}", show_bytes(kGuestInputMaxBytes),
                             show_bytes(input.size())),
                 "", "put a larger file on a disk of the guest"};
  }
  Json arguments{{"path", argv.front()}, {"arg", Json::array()}, {"capture-output", true}};
  for (std::size_t i = 1; i < argv.size(); ++i) arguments["arg"].push_back(argv[i]);
  if (!input.empty()) arguments["input-data"] = to_base64(input);
  try {
    return Json{{"execute", "guest-exec"}, {"arguments", std::move(arguments)}}.dump();
  } catch (const Json::exception& error) {
    return Error{ErrorKind::invalid, fmt::format("the guest's command \"{}\" is not UTF-8", argv.front()), error.what(),
                 ""};
  }
}

std::string exec_status_command(std::int64_t pid) {
  return Json{{"execute", "guest-exec-status"}, {"arguments", {{"pid", pid}}}}.dump();
}

Result<std::int64_t> read_exec_reply(const std::string& reply) {
  const Json answer = returned(reply);
  const std::optional<std::int64_t> pid = answer.is_object() ? whole_number(answer, "pid") : std::nullopt;
  if (!pid) return not_understood("guest-exec");
  return *pid;
}

Result<ExecStatus> read_exec_status(const std::string& reply) {
  const Json answer = returned(reply);
  if (!answer.is_object()) return not_understood("guest-exec-status");
  const auto exited = answer.find("exited");
  if (exited == answer.end() || !exited->is_boolean()) return not_understood("guest-exec-status");
  ExecStatus status{.exited = exited->get<bool>(), .exit = {}};
  if (!status.exited) return status;

  const std::optional<std::int64_t> code = whole_number(answer, "exitcode");
  const std::optional<std::int64_t> signal = whole_number(answer, "signal");
  std::optional<std::string> out = output(answer, "out-data");
  std::optional<std::string> err = output(answer, "err-data");
  constexpr std::int64_t kMaxCode = 0xffff'ffff;  // Windows has codes of 32 bits.
  const std::int64_t number = code ? *code : signal.value_or(-1);
  if (number < (code ? -kMaxCode : 1) || number > kMaxCode || !out || !err) return not_understood("guest-exec-status");
  const auto shown = static_cast<int>(code ? number : kSignalExitBase + number);
  status.exit = GuestExit{.code = shown, .out = std::move(*out), .err = std::move(*err)};
  return status;
}

std::string interfaces_command() {
  return R"({"execute":"guest-network-get-interfaces"})";
}

std::optional<GuestAddress> guest_address(const std::string& mac, const std::string& address) {
  if (!is_mac(mac) || mac == "00:00:00:00:00:00") return std::nullopt;
  const std::optional<std::string> written = reachable_ipv4(address);
  if (!written) return std::nullopt;
  return GuestAddress{.mac = lower_case(mac), .address = *written};
}

Result<std::vector<GuestAddress>> read_interfaces_reply(const std::string& reply) {
  constexpr const char* kCommand = "guest-network-get-interfaces";
  if (reply.size() > kInterfacesReplyMaxBytes) return not_understood(kCommand);
  const Json answer = returned(reply);
  if (!answer.is_array()) return not_understood(kCommand);
  std::vector<GuestAddress> addresses;
  for (const Json& card : answer) take_addresses_of(card, addresses);
  return addresses;
}

}  // namespace vscale::libvirt
