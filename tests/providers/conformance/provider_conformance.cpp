#include "tests/providers/conformance/provider_conformance.h"

#include "tests/providers/conformance/conformance_world.h"

namespace vscale::test {

void run_provider_conformance(ProviderUnderTest& under_test) {
  check_domain_promises(under_test);
  check_volume_promises(under_test);
  check_guest_promises(under_test);
  check_watch_promises(under_test);
}

}  // namespace vscale::test
