#pragma once

#include <string>

namespace vscale {

/// One of our domains. A call that changes it first compares the lineage with the domain's own mark.
struct DomainRef {
  std::string host;
  std::string uuid;
  std::string lineage;
};

}  // namespace vscale
