#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schemas/language/language.h"

/// The words that the table of the language is written in: one for each kind of value. Internal to the table.

namespace vscale::table {

constexpr bool kRequired = true;
constexpr std::int64_t kMaxCount = 1'000'000;  ///< Of anything that is counted, other than instances.

Type text(const TextForm& form = forms::kFilled);
Type filled_for_instance();  ///< A text with secrets and facts of the instance, filled in late.
Type filled_with_facts();    ///< A text with facts of the instance, but no secrets.
Type boolean();
Type duration();
Type size();
Type percent();
Type amount();
Type signed_amount();
Type integer(std::int64_t min, std::int64_t max);
Type number(double min, double max);
Type choice(std::vector<std::string> words);
Type list(Type element, std::size_t at_least = 0);
Type map_of(const TextForm& names, Type element);
Type any_of(std::vector<Type> types);

/// Gives every key its id; the object lives as long as the program.
const ObjectType* define(ObjectType object);
Type object(const ObjectType* definition);
Type object(ObjectType definition);

}  // namespace vscale::table
