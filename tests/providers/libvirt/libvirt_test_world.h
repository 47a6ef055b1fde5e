#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

/// A world of libvirt's test driver, which lives in this process: what is in its file is there when a connection opens,
/// and is forgotten when it closes. Every connection has its own.

namespace vscale::test {

class LibvirtTestWorld {
 public:
  /// `domains`: elements that are there from the start.
  explicit LibvirtTestWorld(const std::string& domains = {}) {
    std::string name = "/tmp/vscale-world.XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    directory_ = name;
    std::ofstream(directory_ / "world.xml") << "<node>" << domains << "</node>";
  }
  ~LibvirtTestWorld() { std::filesystem::remove_all(directory_); }
  LibvirtTestWorld(const LibvirtTestWorld&) = delete;
  LibvirtTestWorld& operator=(const LibvirtTestWorld&) = delete;

  std::string uri() const { return "test://" + file(); }
  /// The same, written so that nobody sees that connections do not share it: a link opens as many as it likes.
  std::string uri_of_many_connections() const { return "test:" + file(); }
  /// What each connection reads when it opens.
  std::string file() const { return (directory_ / "world.xml").string(); }

 private:
  std::filesystem::path directory_;
};

/// A domain that nobody marked.
inline std::string foreign_domain_xml(const std::string& name) {
  return "<domain type='test'><name>" + name +
         "</name><uuid>0b1d0b1d-0000-4000-8000-000000000001</uuid><memory unit='MiB'>512</memory><vcpu>2</vcpu>"
         "<os><type>hvm</type></os></domain>";
}

}  // namespace vscale::test
