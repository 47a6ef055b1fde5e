#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

/// A command line that was not understood, as a person is told of it. Internal to cmd/invocation.

namespace vscale {

std::vector<std::string> command_names(const CLI::App& app);
std::vector<std::string> option_names(const CLI::App& app);  ///< The long ones, with their dashes.

/// What was wrong, a guess at what was meant, and where the help is; `app` is as far as parse() came with `words`.
std::string usage_mistake_text(const CLI::App& app, const CLI::ParseError& mistake,
                               const std::vector<std::string>& words);

}  // namespace vscale
