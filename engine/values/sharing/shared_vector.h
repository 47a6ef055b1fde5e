#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace vscale {

/// A std::vector whose copies share its elements until one of them is changed: for what is large, stands in several
/// places and hardly ever changes, such as the domains of a host, live and as they were last seen. Whoever could change
/// it takes it apart from the others, so that beside them it is gone through by a const one. Two that share are
/// compared at once. Copies may be read in different threads; changed is one whose elements no other thread has.
template <class T>
class SharedVector {
 public:
  SharedVector() = default;
  SharedVector(std::vector<T> elements)
      : elements_(elements.empty() ? nullptr : std::make_shared<std::vector<T>>(std::move(elements))) {}
  SharedVector(std::initializer_list<T> elements) : SharedVector(std::vector<T>(elements)) {}

  operator const std::vector<T>&() const { return get(); }
  [[nodiscard]] const std::vector<T>& get() const {
    static const std::vector<T> kNone;
    return elements_ == nullptr ? kNone : *elements_;
  }
  /// Its own, until it is copied again: a reference to what is in it is good for no longer.
  std::vector<T>& edit() {
    if (elements_ == nullptr) {
      elements_ = std::make_shared<std::vector<T>>();
    } else if (elements_.use_count() > 1) {
      elements_ = std::make_shared<std::vector<T>>(*elements_);
    }
    return *elements_;
  }

  [[nodiscard]] bool empty() const { return get().empty(); }
  [[nodiscard]] std::size_t size() const { return get().size(); }
  [[nodiscard]] auto begin() const { return get().begin(); }
  [[nodiscard]] auto end() const { return get().end(); }
  [[nodiscard]] const T& front() const { return get().front(); }
  [[nodiscard]] const T& back() const { return get().back(); }
  [[nodiscard]] const T& operator[](std::size_t place) const { return get()[place]; }
  [[nodiscard]] const T& at(std::size_t place) const { return get().at(place); }
  auto begin() { return edit().begin(); }
  auto end() { return edit().end(); }
  T& front() { return edit().front(); }
  T& back() { return edit().back(); }
  T& operator[](std::size_t place) { return edit()[place]; }
  T& at(std::size_t place) { return edit().at(place); }
  void push_back(T element) { edit().push_back(std::move(element)); }
  void clear() { elements_.reset(); }

  bool operator==(const SharedVector& other) const { return elements_ == other.elements_ || get() == other.get(); }

 private:
  std::shared_ptr<std::vector<T>> elements_;  ///< Nothing: there are none.
};

}  // namespace vscale
