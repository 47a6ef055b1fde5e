#include "providers/libvirt/libvirt_hosts.h"

#include <fmt/format.h>

#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "providers/libvirt/host/observe.h"
#include "providers/libvirt/impl.h"

namespace vscale {

LibvirtHosts::LibvirtHosts(std::vector<HostConnection> hosts, LibvirtOptions options, Clock& clock)
    : impl_(std::make_unique<Impl>(Impl{.clock = clock, .hosts = {}})) {
  for (HostConnection& host : hosts) {
    const std::string name = host.name;
    const bool is_new =
        impl_->hosts.emplace(name, std::make_unique<libvirt::LibvirtHost>(std::move(host), options)).second;
    VSCALE_ASSERT(is_new, "two hosts have one name");
  }
}

LibvirtHosts::~LibvirtHosts() {
  for (auto& [name, host] : impl_->hosts) host->link().begin_closing();
  const auto now = std::chrono::steady_clock::now();
  for (auto& [name, host] : impl_->hosts) host->link().wait_until_closed(now + host->options().close_timeout);
}

Result<libvirt::LibvirtHost*> LibvirtHosts::Impl::host(const std::string& name) const {
  if (const auto found = hosts.find(name); found != hosts.end()) return found->second.get();
  return Error{ErrorKind::unreachable, fmt::format("host \"{}\" is not in the configuration", name), "",
               "add it to `hosts:` again; what is on it is still there"};
}

std::map<std::string, Result<HostSnapshot>> LibvirtHosts::observe(const std::map<std::string, ObserveRequest>& hosts) {
  std::map<std::string, Result<HostSnapshot>> seen;
  std::vector<std::thread> readers;
  for (const auto& [name, request] : hosts) {
    Result<libvirt::LibvirtHost*> host = impl_->host(name);
    // Every entry is there before the first thread starts: from then on each thread only touches its own.
    auto& answer = seen.emplace(name, host ? Error{} : host.error()).first->second;
    if (!host) continue;
    try {
      readers.emplace_back([this, &answer, &request = request, target = *host] {
        answer = libvirt::observe_host(*target, request, impl_->clock);
      });
    } catch (const std::system_error& error) {
      answer = Error{ErrorKind::failed, fmt::format("host \"{}\" cannot be read: there can be no more threads", name),
                     error.what(), "raise the limit on processes: ulimit -u"};
    }
  }
  for (std::thread& reader : readers) reader.join();
  return seen;
}

}  // namespace vscale
