#include "schemas/text/text_form.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "engine/scaling/schedule/cron.h"
#include "engine/values/address.h"
#include "schemas/text/ipv4_text.h"
#include "schemas/text/units_text.h"

namespace vscale {
namespace {

constexpr int kMaxPort = 65535;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_alnum(char c) {
  return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_printable_ascii(char c) {
  return c > ' ' && c < 0x7F;
}

bool all_of(std::string_view text, bool (*test)(char)) {
  return std::all_of(text.begin(), text.end(), test);
}

// First a letter or digit, then letters, digits and `others`, at most `longest` in all.
bool is_word(std::string_view text, std::string_view others, std::size_t longest) {
  if (text.empty() || text.size() > longest || !is_alnum(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_alnum(c) || others.find(c) != std::string_view::npos; });
}

bool any(std::string_view /*text*/) {
  return true;
}
bool filled(std::string_view text) {
  return !text.empty() && text.find_first_of("\r\n") == text.npos;
}
bool absolute_path(std::string_view text) {
  return filled(text) && text.front() == '/';
}
bool name(std::string_view text) {
  return is_word(text, "._-", 63);
}
bool label_key(std::string_view text) {
  return is_word(text, "._/-", 63);
}
bool label_value(std::string_view text) {
  return text.empty() || is_word(text, " ._/:@+-", 63);
}
bool trait(std::string_view text) {
  return label_key(text.starts_with('!') ? text.substr(1) : text);
}
bool libvirt_name(std::string_view text) {
  return is_word(text, "_.:+-", 127);
}

bool variable_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && !is_digit(text.front()) &&
         all_of(text, [](char c) { return is_alnum(c) || c == '_'; });
}

bool bridge(std::string_view text) {
  return is_word(text, "_.-", 15);
}

bool user_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && (is_lower(text.front()) || text.front() == '_') &&
         all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool libvirt_uri(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == text.npos || colon == 0 || !is_lower(text.front())) return false;
  const auto in_scheme = [](char c) { return is_lower(c) || is_digit(c) || c == '+'; };
  return all_of(text.substr(0, colon), in_scheme) && colon + 3 < text.size() && all_of(text, is_printable_ascii);
}

bool url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme)) return text.size() > scheme.size() && all_of(text, is_printable_ascii);
  }
  return false;
}

bool image_source(std::string_view text) {
  return text.find("://") == text.npos ? filled(text) : url(text);
}

bool checksum(std::string_view text) {
  const bool sha256 = text.starts_with("sha256:") && text.size() == 7 + 64;
  const bool sha512 = text.starts_with("sha512:") && text.size() == 7 + 128;
  return (sha256 || sha512) && all_of(text.substr(7), is_hex);
}

bool ipv4(std::string_view text) {
  return parse_ipv4(text).has_value();
}

bool ipv4_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  return dash == text.npos ? ipv4(text) : ipv4(text.substr(0, dash)) && ipv4(text.substr(dash + 1));
}

bool host_address(std::string_view text) {
  return is_word(text, ".:-", 253);
}

bool mac(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 == 2 ? text[i] != ':' : !is_hex(text[i])) return false;
  }
  return true;
}

bool endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || !host_address(text.substr(0, colon))) return false;
  const std::string_view port = text.substr(colon + 1);
  return !port.empty() && port.size() <= 5 && port.front() != '0' && all_of(port, is_digit) &&
         parse_integer(port).value_or(0) <= kMaxPort;
}

bool after_prefix(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) && is_group_name(text.substr(prefix.size()));
}

bool group_address_form(std::string_view text) {
  return after_prefix(text, "group.") || after_prefix(text, "machine.");
}

bool group_reference(std::string_view text) {
  return is_group_name(text) || group_address_form(text);
}

bool thing_address(std::string_view text) {
  if (group_address_form(text)) return true;
  const std::size_t bracket = text.find('[');
  if (bracket == text.npos || !text.ends_with(']') || !text.starts_with("group.")) return false;
  const std::string_view ordinal = text.substr(bracket + 1, text.size() - bracket - 2);
  return group_address_form(text.substr(0, bracket)) && !ordinal.empty() && ordinal.size() <= 6 &&
         all_of(ordinal, is_digit);
}

bool cron(std::string_view text) {
  return cron_from(text).has_value();
}

bool time_zone(std::string_view text) {
  return is_word(text, "_/+-", 63);
}
bool json_pointer(std::string_view text) {
  return text.empty() || (text.front() == '/' && filled(text));
}

bool some_of_samples(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return false;
  const auto small = [](std::string_view n) {
    return !n.empty() && n.size() <= 3 && n.front() != '0' && all_of(n, is_digit);
  };
  return small(text.substr(0, slash)) && small(text.substr(slash + 1));
}

bool group_name(std::string_view text) {
  return is_group_name(text);
}

#define GROUP_NAME "[a-z]([a-z0-9-]{0,38}[a-z0-9])?"
#define OCTET "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define IPV4 OCTET "(\\." OCTET "){3}"
#define PORT "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
#define CRON_ITEM(VALUE) "(\\*|" VALUE "(-" VALUE ")?)(/[1-9][0-9]?)?"
#define CRON_FIELD(VALUE) CRON_ITEM(VALUE) "(," CRON_ITEM(VALUE) ")*"
#define CRON_MONTH                                                                                                 \
  "(0?[1-9]|1[0-2]|[Jj][Aa][Nn]|[Ff][Ee][Bb]|[Mm][Aa][RrYy]|[Aa][Pp][Rr]|[Jj][Uu][NnLl]|[Aa][Uu][Gg]|[Ss][Ee][Pp]" \
  "|[Oo][Cc][Tt]|[Nn][Oo][Vv]|[Dd][Ee][Cc])"
#define CRON_WEEKDAY \
  "(0?[0-7]|[Ss][Uu][Nn]|[Mm][Oo][Nn]|[Tt][Uu][Ee]|[Ww][Ee][Dd]|[Tt][Hh][Uu]|[Ff][Rr][Ii]|[Ss][Aa][Tt])"

}  // namespace

namespace forms {
const TextForm kAny{"text", "a text", nullptr, any, true, ""};
const TextForm kFilled{"text", "a text of one line", "^[^\\r\\n]+$", filled, true, "it cannot be empty"};
const TextForm kGroupName{"name",
                          "lower-case letters, digits and -",
                          "^" GROUP_NAME "$",
                          group_name,
                          false,
                          "begin with a letter, do not end with -, at most 40 characters"};
const TextForm kName{"name",
                     "letters, digits, ., _ and -",
                     "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
                     name,
                     true,
                     "begin with a letter or digit, at most 63 characters"};
const TextForm kLabelKey{"label",
                         "letters, digits, ., _, / and -",
                         "^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$",
                         label_key,
                         true,
                         "begin with a letter or digit, at most 63 characters"};
const TextForm kLabelValue{"text",
                           "letters, digits, spaces and ._/:@+-",
                           "^([A-Za-z0-9][A-Za-z0-9 ._/:@+-]{0,62})?$",
                           label_value,
                           true,
                           "at most 63 characters"};
const TextForm kTrait{"trait", "a trait or a label, or ! and one", "^!?[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$", trait,
                      true,    "such as uefi or \"!gpu\""};
const TextForm kVariableName{"variable name", "letters, digits and _", "^[A-Za-z_][A-Za-z0-9_]{0,62}$", variable_name,
                             false,           "such as joinToken"};
const TextForm kLibvirtName{"name", "letters, digits and _.:+-", "^[A-Za-z0-9][A-Za-z0-9_.:+-]{0,126}$", libvirt_name,
                            true,   "as libvirt knows it"};
const TextForm kBridge{"bridge", "the name of a bridge on the host",  "^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$", bridge,
                       true,     "such as br0; at most 15 characters"};
const TextForm kUserName{
    "user name", "lower-case letters, digits, _ and -", "^[a-z_][a-z0-9_-]{0,31}$", user_name, false, "such as debian"};
const TextForm kPath{"path", "a path", "^[^\\r\\n]+$", filled, true, "such as files/user-data.yaml"};
const TextForm kAbsolutePath{"absolute path", "an absolute path on the host",   "^/[^\\r\\n]*$", absolute_path,
                             false,           "such as /var/lib/libvirt/images"};
const TextForm kLibvirtUri{"libvirt URI", "a libvirt URI", "^[a-z][a-z0-9+]*://[!-~]+$",
                           libvirt_uri,   false,           "such as qemu+ssh://root@kvm1/system or qemu:///system"};
const TextForm kUrl{"URL", "an http or https URL", "^https?://[!-~]+$", url, false, "such as https://example.lan/x"};
const TextForm kImageSource{"URL or path",
                            "an http or https URL, or a path",
                            "^(https?://[!-~]+|(?!.*://)[^\\r\\n]+)$",
                            image_source,
                            true,
                            "such as https://images.example.lan/debian-12.qcow2 or /srv/images/debian-12.qcow2"};
const TextForm kChecksum{"checksum",
                         "sha256: or sha512: and the hexadecimal digits",
                         "^(sha256:[0-9a-fA-F]{64}|sha512:[0-9a-fA-F]{128})$",
                         checksum,
                         false,
                         "`sha512sum FILE` prints the digits"};
const TextForm kIpv4{"IPv4 address", "an IPv4 address", "^" IPV4 "$", ipv4, false, "such as 10.0.0.1"};
const TextForm kIpv4Range{
    "IPv4 address or range",      "an IPv4 address, or FIRST-LAST", "^" IPV4 "(-" IPV4 ")?$", ipv4_range, false,
    "such as 10.0.0.50-10.0.0.99"};
const TextForm kHostAddress{"address", "an address or a host name", "^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$", host_address,
                            true,      "such as 10.0.0.11"};
const TextForm kMac{"MAC address", "six pairs of hexadecimal digits", "^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$", mac,
                    false,         "such as \"52:54:00:00:00:11\""};
const TextForm kEndpoint{
    "ADDRESS:PORT", "ADDRESS:PORT, port 1 to 65535", "^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}:" PORT "$", endpoint,
    false,          "such as 127.0.0.1:9188"};
const TextForm kGroupReference{
    "group", "the name of a group or machine",     "^((group|machine)\\.)?" GROUP_NAME "$", group_reference,
    false,   "such as db, group.db or machine.db1"};
const TextForm kGroupAddress{
    "address of a group", "group.NAME or machine.NAME", "^(group|machine)\\." GROUP_NAME "$", group_address_form, false,
    "such as group.web"};
const TextForm kThingAddress{"address of a group or instance",
                             "group.NAME, group.NAME[N] or machine.NAME",
                             "^(machine\\." GROUP_NAME "|group\\." GROUP_NAME "(\\[[0-9]{1,6}\\])?)$",
                             thing_address,
                             false,
                             "such as group.old or group.web[2]"};
const TextForm kCron{"cron line",
                     "minute, hour, day, month and weekday of cron",
                     "^" CRON_FIELD("[0-5]?[0-9]") " +" CRON_FIELD("([01]?[0-9]|2[0-3])") " +" CRON_FIELD(
                         "(0?[1-9]|[12][0-9]|3[01])") " +" CRON_FIELD(CRON_MONTH) " +" CRON_FIELD(CRON_WEEKDAY) "$",
                     cron,
                     false,
                     "such as \"30 6 * * MON-FRI\""};
const TextForm kTimeZone{"time zone", "an IANA time zone",    "^[A-Za-z0-9][A-Za-z0-9_/+-]{0,62}$", time_zone,
                         false,       "such as Europe/Berlin"};
const TextForm kJsonPointer{"JSON pointer", "a JSON pointer", "^(/[^\\r\\n]*)?$", json_pointer, false, "such as /free"};
const TextForm kSomeOfSamples{"N/M",           "N/M", "^[1-9][0-9]{0,2}/[1-9][0-9]{0,2}$",
                              some_of_samples, false, "such as 3/5: three of the last five"};
}  // namespace forms

const TextForm* const kAllTextForms[] = {
    &forms::kAny,         &forms::kFilled,   &forms::kGroupName,      &forms::kName,         &forms::kLabelKey,
    &forms::kLabelValue,  &forms::kTrait,    &forms::kVariableName,   &forms::kLibvirtName,  &forms::kBridge,
    &forms::kUserName,    &forms::kPath,     &forms::kAbsolutePath,   &forms::kLibvirtUri,   &forms::kUrl,
    &forms::kImageSource, &forms::kChecksum, &forms::kIpv4,           &forms::kIpv4Range,    &forms::kHostAddress,
    &forms::kMac,         &forms::kEndpoint, &forms::kGroupReference, &forms::kGroupAddress, &forms::kThingAddress,
    &forms::kCron,        &forms::kTimeZone, &forms::kJsonPointer,    &forms::kSomeOfSamples};
const int kTextFormCount = static_cast<int>(std::size(kAllTextForms));

}  // namespace vscale
