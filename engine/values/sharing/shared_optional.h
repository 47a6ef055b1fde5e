#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "engine/values/result.h"

namespace vscale {

/// A std::optional whose copies share the value, and which is changed only as a whole. Two that share are compared at
/// once; copies may be in different threads.
template <class T>
class SharedOptional {
 public:
  SharedOptional() = default;
  SharedOptional(std::nullopt_t) {}
  SharedOptional(T value) : value_(std::make_shared<const T>(std::move(value))) {}
  SharedOptional(std::optional<T> value) {
    if (value) value_ = std::make_shared<const T>(std::move(*value));
  }

  explicit operator bool() const { return value_ != nullptr; }
  [[nodiscard]] bool has_value() const { return value_ != nullptr; }
  const T& operator*() const {
    VSCALE_ASSERT(value_ != nullptr, "nothing is there");
    return *value_;
  }
  const T* operator->() const { return &**this; }
  void reset() { value_.reset(); }

  bool operator==(const SharedOptional& other) const {
    if (value_ == other.value_) return true;
    return value_ != nullptr && other.value_ != nullptr && *value_ == *other.value_;
  }

 private:
  std::shared_ptr<const T> value_;
};

}  // namespace vscale
