// SPDX-License-Identifier: Apache-2.0
// OpenSSL 3.0 loses 42 octets for each certificate with policyConstraints and no certificatePolicies that it judges,
// which some of these do. What this code itself allocates is still looked for.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: its name in the sanitizer's interface
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libcrypto\n";
}
