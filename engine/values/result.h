#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

/// What the outside world answered: a value, or an Error. Expected failures travel as values, never as exceptions;
/// our own mistakes stop the program by VSCALE_ASSERT.

namespace vscale {

/// Why something outside failed, in the few kinds that a decision may depend on. The text is for people and is never
/// parsed. A port maps its library's codes to these in one function.
enum class ErrorKind {
  not_found,    ///< The other side said that there is no such thing. The only kind that means "gone".
  exists,       ///< Something of that name or identity is there already and is not what was asked for.
  unreachable,  ///< No answer: connection refused, dropped, or not opened in time. Says nothing about what is there.
  timed_out,    ///< It answers, but the thing waited for did not come within its bound.
  unsupported,  ///< The other side cannot do this at all.
  no_capacity,  ///< A pool, a disk or a host is full.
  denied,       ///< Not permitted: authentication, file permissions, policy.
  conflict,     ///< Somebody else changed it in between: a stale plan, a generation that moved, a lock held.
  invalid,      ///< What was given is not acceptable to the other side, or what it gave back is not intelligible.
  failed,       ///< Anything else. Never a reason to create, restart or destroy.
};

/// The word for a kind in JSON and in the state, such as "not_found".
const char* to_string(ErrorKind kind);
/// The kind for a word; nothing for a word that is not one.
std::optional<ErrorKind> error_kind_from(const std::string& word);

/// What a person is told. `message` says where, what was found and what was expected, and names the thing; `detail`
/// is the library's own words, shown last in brackets; `hint` is what to do next. Never contains a secret.
struct Error {
  ErrorKind kind = ErrorKind::failed;
  std::string message;
  std::string detail;
  std::string hint;

  bool operator==(const Error&) const = default;
};

/// One line for a person: `message [detail]; hint`.
std::string to_string(const Error& error);

/// A value or an Error. Ask before taking: value() on an error (and error() on a value) is a bug and aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::move(value)) {}      // NOLINT(google-explicit-constructor): `return value;` reads well
  Result(Error error) : held_(std::move(error)) {}  // NOLINT(google-explicit-constructor): `return Error{...};` too

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(held_); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const T& value() const& { return std::get<T>(held_); }
  [[nodiscard]] T& value() & { return std::get<T>(held_); }
  [[nodiscard]] T&& value() && { return std::get<T>(std::move(held_)); }
  [[nodiscard]] const Error& error() const { return std::get<Error>(held_); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  std::variant<T, Error> held_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const { return error_.value(); }

 private:
  std::optional<Error> error_;
};

/// Stops the program with file, line and `what`. For our own mistakes only; on in release builds too.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line, const char* what);

}  // namespace vscale

#define VSCALE_ASSERT(condition, what) \
  ((condition) ? static_cast<void>(0) : ::vscale::assertion_failed(#condition, __FILE__, __LINE__, (what)))
