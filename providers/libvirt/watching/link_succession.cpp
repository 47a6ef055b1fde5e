#include "providers/libvirt/watching/link_succession.h"

#include <fmt/format.h>

#include <utility>

namespace vscale::libvirt {

LinkSuccession::LinkSuccession(HostConnection host, LibvirtOptions options)
    : host_(std::move(host)), options_(options), current_(std::make_shared<HostLink>(host_, options_)) {}

Error LinkSuccession::too_many_hang() const {
  return Error{ErrorKind::unreachable,
               fmt::format("host \"{}\" is not asked any more: calls over {} of its links have not come back",
                           host_.name, abandoned_.size() + 1),
               fmt::format("at most {} are abandoned", options_.abandoned_links),
               "restart libvirtd there, or vscale here"};
}

std::shared_ptr<HostLink> LinkSuccession::current() {
  const std::scoped_lock lock(mutex_);
  const HostLink::Fate fate = closed_ ? HostLink::Fate::keep : current_->fate();
  if (fate == HostLink::Fate::keep) return current_;
  std::erase_if(abandoned_, [](const std::weak_ptr<HostLink>& link) { return link.expired(); });
  if (fate == HostLink::Fate::abandon) {
    if (abandoned_.size() >= static_cast<std::size_t>(options_.abandoned_links)) {
      current_->answer_always(too_many_hang());
      return current_;
    }
    abandoned_.push_back(current_);
  }
  current_->begin_closing();
  current_ = std::make_shared<HostLink>(host_, options_);
  return current_;
}

void LinkSuccession::begin_closing() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  current_->begin_closing();
}

void LinkSuccession::wait_until_closed(std::chrono::steady_clock::time_point deadline) {
  const std::scoped_lock lock(mutex_);
  current_->wait_until_closed(deadline);
}

}  // namespace vscale::libvirt
