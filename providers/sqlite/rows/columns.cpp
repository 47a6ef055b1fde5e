#include "providers/sqlite/rows/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "providers/sqlite/statefile.h"

namespace vscale {
Row& Row::operator<<(const std::string& text) {
  statement_.bind(next_++, text);
  return *this;
}

Row& Row::operator<<(const char* text) {
  statement_.bind(next_++, text);
  return *this;
}

Row& Row::operator<<(std::int64_t number) {
  statement_.bind(next_++, number);
  return *this;
}

Row& Row::operator<<(std::uint64_t number) {
  // SQLite's integers are signed; half of 2^64 bytes is more than any disk.
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  statement_.bind(next_++, static_cast<std::int64_t>(std::min(number, kMost)));
  return *this;
}

Row& Row::operator<<(int number) {
  statement_.bind(next_++, number);
  return *this;
}

Row& Row::operator<<(bool yes) {
  statement_.bind(next_++, yes ? 1 : 0);
  return *this;
}

Row& Row::operator<<(double number) {
  statement_.bind(next_++, number);
  return *this;
}

Row& Row::operator<<(Instant at) {
  return *this << rfc3339(at);
}

Row& Row::operator<<(const InstanceAddress& address) {
  return *this << to_string(address);
}

std::string Columns::text() {
  return statement_.getColumn(next_++).getString();
}

std::int64_t Columns::number() {
  return statement_.getColumn(next_++).getInt64();
}

int Columns::small() {
  return statement_.getColumn(next_++).getInt();
}

std::uint64_t Columns::amount() {
  const std::int64_t found = number();
  if (found < 0) damaged_column(std::to_string(found), "an amount of 0 or more");
  return static_cast<std::uint64_t>(found);
}

double Columns::real() {
  return statement_.getColumn(next_++).getDouble();
}

bool Columns::yes() {
  return small() != 0;
}

Instant Columns::instant() {
  const std::string found = text();
  const auto at = instant_from(found);
  if (!at) damaged_column(found, "an instant such as 2026-05-04T13:20:00.000Z");
  return *at;
}

InstanceAddress Columns::address() {
  const std::string found = text();
  const auto address = parse_instance_address(found);
  if (!address) damaged_column(found, "the address of an instance, such as group.web[2]");
  return *address;
}

std::optional<std::string> Columns::text_if_any() {
  if (!is_null()) return text();
  skip(1);
  return std::nullopt;
}

std::optional<Instant> Columns::instant_if_any() {
  if (!is_null()) return instant();
  skip(1);
  return std::nullopt;
}

void damaged_column(const std::string& found, const char* expected) {
  throw DamagedRow(fmt::format("found \"{}\", expected {}", found, expected));
}

}  // namespace vscale
