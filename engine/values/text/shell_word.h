#pragma once

#include <string>

namespace vscale {

/// One word of a command that a person is told to say, as a POSIX shell reads it: quoted only where it must be. What
/// must not reach a terminal is still in it.
std::string shell_word(const std::string& word);

}  // namespace vscale
