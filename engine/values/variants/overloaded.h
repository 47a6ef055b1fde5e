#pragma once

/// One handler for each alternative of a variant, for std::visit: the compiler says which alternative has none.

namespace vscale {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace vscale
