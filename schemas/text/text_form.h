#pragma once

#include <string_view>

/// The forms that texts in the configuration may have: names, addresses, URIs. Each is a function for the reader and a
/// regular expression for the JSON Schema; a test holds the two together.

namespace vscale {

struct TextForm {
  const char* name;      ///< In the reference: "group name", "IPv4 address".
  const char* expected;  ///< Beside the caret, after "expected": "lower-case letters, digits and -".
  const char* pattern;   ///< ECMA 262, anchored; nullptr: any text.
  bool (*matches)(std::string_view text);
  bool loose;  ///< A plain number or true, false is taken as the text that it is.
  const char* hint;
};

namespace forms {
extern const TextForm kAny;        ///< Any text, also none.
extern const TextForm kFilled;     ///< Any text of one line, not empty.
extern const TextForm kGroupName;  ///< Groups, machines, the installation.
extern const TextForm kName;       ///< Hosts, images, storage, networks, disks, policies: safe in paths and XML.
extern const TextForm kLabelKey;
extern const TextForm kLabelValue;
extern const TextForm kTrait;  ///< A label key, or !KEY.
extern const TextForm kVariableName;
extern const TextForm kLibvirtName;  ///< Pools, volumes, networks, machine types, CPU models.
extern const TextForm kBridge;
extern const TextForm kUserName;
extern const TextForm kPath;
extern const TextForm kAbsolutePath;  ///< On a host.
extern const TextForm kLibvirtUri;
extern const TextForm kUrl;          ///< http or https.
extern const TextForm kImageSource;  ///< A URL or a path.
extern const TextForm kChecksum;
extern const TextForm kIpv4;
extern const TextForm kIpv4Range;    ///< One address, or FIRST-LAST.
extern const TextForm kHostAddress;  ///< IPv4 address or DNS name.
extern const TextForm kMac;
extern const TextForm kEndpoint;        ///< ADDRESS:PORT
extern const TextForm kGroupReference;  ///< NAME, group.NAME or machine.NAME.
extern const TextForm kGroupAddress;    ///< group.NAME or machine.NAME.
extern const TextForm kThingAddress;    ///< group.NAME, group.NAME[2] or machine.NAME.
extern const TextForm kCron;
extern const TextForm kTimeZone;
extern const TextForm kJsonPointer;
extern const TextForm kSomeOfSamples;  ///< 3/5
}  // namespace forms

/// All of them, for the test.
extern const TextForm* const kAllTextForms[];
extern const int kTextFormCount;

}  // namespace vscale
