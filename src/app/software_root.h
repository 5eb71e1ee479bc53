// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/catalog.h"
#include "app/issuance.h"

namespace birthmark::app {

/// What an operator registers: a key that lies in software.
struct SoftwareOrder {
  std::string batch;
  Bytes csr;          ///< PKCS#10 with an empty subject and no extension
  std::string actor;  ///< "operator:name"
};

/// The labelled software root (design rule 2): devices of test products, of class simulated, whose key nothing attests.
/// An operator registers each by hand, within the batch's quota and window, and only where the product's policy names
/// root kind `software` and allows simulated roots, which no production policy can. The DeviceId, the certificates'
/// policy and hardware type, the audit entries and the findings all say so.
class SoftwareRoots {
 public:
  struct Ports {
    Store& store;
    Issuance& issuance;
    Catalog& catalog;
    const Clock& clock;
  };
  explicit SoftwareRoots(Ports ports) : ports_{ports} {}

  struct Registered {
    Issued idevid;
    lifecycle::DeviceRecord device;
  };
  /// Issues the IDevID and moves S0 to S1 by the labelled exemption: there is no debug port to probe, and nothing was.
  /// The same key again in the same batch gets the same certificate and costs nothing.
  /// @error policy, test_anchor: the product admits no software root; csr_policy, bad_request: the request;
  /// binding: it has a challengePassword, and there is no channel; batch_closed, quota_exhausted: the batch; key_reuse:
  /// another identity holds the key; hardware_known, state_forbids, held: it is a device of another batch, one that has
  /// ended, or one that is held; not_found: no such batch.
  Result<Registered> register_device(const SoftwareOrder& order);

 private:
  Result<lifecycle::DeviceRecord> add_device(Tx& tx, const DeviceId& id, const lifecycle::Batch& of, Instant now) const;
  Result<void> at_intent(Tx& tx, CertificateRecord& record, const SoftwareOrder& order, const DeviceId& id,
                         const lifecycle::ClockReading& clock) const;
  Result<lifecycle::DeviceRecord> seal(const DeviceId& id, const SoftwareOrder& order) const;

  Ports ports_;
};

}  // namespace birthmark::app
