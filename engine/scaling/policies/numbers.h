#pragma once

#include <optional>
#include <string>

#include "engine/values/result.h"

/// Numbers as policies count and show them.

namespace vscale {

/// Doubles that are apart by less than this are equal: 66 of 60 is 1.1 and not 1.1000000000000001. Far below anything
/// that a policy can mean, far above what sums of a few thousand numbers are off by.
constexpr double kNumberSlack = 1e-9;

/// Whole instances that hold `amount` instances' worth of work: rounds up, and 3.0000000001 is 3. Never less than 0,
/// and bounded above, so that no answer of a source can overflow.
int instances_holding(double amount);

/// Is `ratio` so close to 1 that nothing is to be done? A ratio at the edge is.
bool is_within(double tolerance, double ratio);

/// "92", "5.8", "0.25": as exact as a person needs it.
std::string shown_number(double number);

/// What a source has answered, as a finite number. That it has answered none, or something else, is an error that
/// says so in a few words.
Result<double> number_in(const Result<std::optional<double>>& answer);

}  // namespace vscale
