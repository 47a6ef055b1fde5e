/* The floor: what reading the domains of a host costs at the least. A bare client of libvirt's, nothing of vscale's:
 * one list, one bulk stats call, the XML of each domain with four requests in flight. usage: floor URI     prints:
 * milliseconds, domains, peak memory in KiB */
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { in_flight = 4 };

static virDomainPtr* domains;
static int count;
static atomic_int next;

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void* read_some(void* unused) {
  for (int i = atomic_fetch_add(&next, 1); i < count; i = atomic_fetch_add(&next, 1)) {
    char* xml = virDomainGetXMLDesc(domains[i], VIR_DOMAIN_XML_INACTIVE);
    if (xml == NULL) abort();
    free(xml);
  }
  return unused;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const double start = now_ms();
  virConnectPtr connection = virConnectOpen(argv[1]);
  if (connection == NULL) return 1;
  count = virConnectListAllDomains(connection, &domains, 0);
  virDomainStatsRecordPtr* stats = NULL;
  if (count < 0 || virConnectGetAllDomainStats(connection, VIR_DOMAIN_STATS_STATE, &stats, 0) < 0) return 1;
  pthread_t threads[in_flight];
  for (int i = 0; i < in_flight; ++i) pthread_create(&threads[i], NULL, read_some, NULL);
  for (int i = 0; i < in_flight; ++i) pthread_join(threads[i], NULL);
  const double took = now_ms() - start;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("%.1f %d %ld\n", took, count, usage.ru_maxrss);
  return 0;
}
