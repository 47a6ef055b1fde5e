#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/ports/guests.h"
#include "engine/values/result.h"

/// What is said to a guest agent and what it answers, as JSON. Pure. An answer comes from inside a guest: nothing in it
/// is believed beyond its form, and no more of it is kept than is asked for. Internal to providers/libvirt.

namespace vscale::libvirt {

/// The most that a command is given on its standard input; libvirt's own messages hold 4 MiB.
constexpr std::size_t kGuestInputMaxBytes = 1024 * 1024;

std::string ping_command();
/// `argv` is not empty: its first word is the program's path. `invalid` if the input is too long or a word is not
/// UTF-8.
Result<std::string> exec_command(const std::vector<std::string>& argv, const std::string& input);
std::string exec_status_command(std::int64_t pid);
std::string interfaces_command();

/// The number that the agent gave to the process. `invalid` if there is none.
Result<std::int64_t> read_exec_reply(const std::string& reply);

struct ExecStatus {
  bool exited = false;
  GuestExit exit;  ///< Once it exited. Ended by a signal: code is 128 and its number, as a shell has it.
};
/// `invalid` if it is not such an answer.
Result<ExecStatus> read_exec_status(const std::string& reply);

/// A guest names its own cards and addresses: no more than these are listened to, and no longer answer is read.
constexpr std::size_t kGuestAddressesMax = 64;
constexpr std::size_t kInterfacesReplyMaxBytes = 1024 * 1024;

/// What a guest, or a lease that it asked for, says of one card: nothing unless `mac` is one (and not all zero) and
/// `address` an IPv4 address by which others may reach it (not 0.x, 127.x, 224.x and above). The MAC in lower case, the
/// address as inet_ntop writes it: whoever prints it, or pastes it into a file, prints nothing else.
std::optional<GuestAddress> guest_address(const std::string& mac, const std::string& address);

/// The IPv4 addresses of the answer to interfaces_command(). What is none is left out; `invalid` if it is not such an
/// answer at all.
Result<std::vector<GuestAddress>> read_interfaces_reply(const std::string& reply);

}  // namespace vscale::libvirt
