#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <optional>
#include <string>

#include "engine/values/address.h"
#include "engine/values/result.h"
#include "engine/values/units.h"

/// Values to columns and back. Writing asserts, reading throws DamagedRow: what is in a file may be anything.

namespace vscale {

/// Fills the parameters of a statement from left to right:
///
///     Row(statement) << copy.host << copy.pool << copy.at;
class Row {
 public:
  explicit Row(SQLite::Statement& statement) : statement_(statement) {}

  Row& operator<<(const std::string& text);
  Row& operator<<(const char* text);
  Row& operator<<(std::int64_t number);
  Row& operator<<(std::uint64_t number);
  Row& operator<<(int number);
  Row& operator<<(bool yes);
  Row& operator<<(double number);
  Row& operator<<(Instant at);
  Row& operator<<(const InstanceAddress& address);
  template <class T>
  Row& operator<<(const std::optional<T>& value) {
    if (value) return *this << *value;
    statement_.bind(next_++);
    return *this;
  }

 private:
  SQLite::Statement& statement_;
  int next_ = 1;
};

/// Executes the statement with these values and makes it ready for the next row.
template <class... Values>
void execute(SQLite::Statement& statement, const Values&... values) {
  Row row(statement);
  (row << ... << values);
  statement.exec();
  statement.reset();
}

/// Executes `sql` once with these values; the number of rows that it changed.
template <class... Values>
int execute(SQLite::Database& database, const char* sql, const Values&... values) {
  SQLite::Statement statement(database, sql);
  Row row(statement);
  static_cast<void>((row << ... << values));
  return statement.exec();
}

/// The columns of the row that a statement stands on, from left to right.
class Columns {
 public:
  explicit Columns(const SQLite::Statement& statement) : statement_(statement) {}

  std::string text();
  std::int64_t number();
  int small();
  std::uint64_t amount();
  double real();
  bool yes();
  Instant instant();
  InstanceAddress address();
  std::optional<std::string> text_if_any();
  std::optional<Instant> instant_if_any();
  /// Looks without going on.
  bool is_null() const { return statement_.isColumnNull(next_); }
  void skip(int columns) { next_ += columns; }

 private:
  const SQLite::Statement& statement_;
  int next_ = 0;
};

/// The enum value for a word of a column; DamagedRow if it is none.
template <class Value>
Value known_word(const std::optional<Value>& value, const std::string& word);

[[noreturn]] void damaged_column(const std::string& found, const char* expected);

template <class Value>
Value known_word(const std::optional<Value>& value, const std::string& word) {
  if (!value) damaged_column(word, "a word of this version");
  return *value;
}

}  // namespace vscale
