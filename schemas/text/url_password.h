#pragma once

#include <string>
#include <string_view>

/// Passwords in the URLs of a text. What `:/` and `@` enclose is taken for one rather too often than too seldom, since
/// the text may be a line with a mistake in just that URL. `${…}` alone is none.

namespace vscale {

/// The text with every byte of such a password as `*`, so that columns stay what they are.
std::string hide_passwords(std::string text);

/// Is there one?
bool has_password(std::string_view text);

}  // namespace vscale
