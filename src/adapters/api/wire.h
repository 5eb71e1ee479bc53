// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "adapters/api/services.h"
#include "adapters/http/message.h"
#include "app/attestation.h"
#include "app/provisioning.h"
#include "app/revalidation.h"
#include "app/sealing.h"
#include "codec/json.h"

// Between JSON bodies and the values of the use cases; every layout stands in docs/wire/api.md.
namespace birthmark::api::wire {

/// An object with the members that `read` takes from it and no others. @error bad_json, and what `read` returns.
template <class T, class Read>
Result<T> body(const http::Request& request, Read read, json::Limits limits = {}) {
  BM_TRY(const auto value, json::read(BytesView{request.body}, limits));
  BM_TRY(auto object, json::Object::of(value));
  BM_TRY(auto out, Result<T>{read(object)});
  BM_CHECK(object.finish());
  return out;
}

/// The id of a session, 64 hex digits. @error bad_json
Result<SessionId> session(json::Object& in, std::string_view name = "session");
Result<DeviceId> device(json::Object& in, std::string_view name = "device");
Result<Octets<16>> request_id(json::Object& in);
Result<attest::TpmStatement> statement(json::Object& in, std::string_view name);

/// Of a TPM beside its request; of any kind in its request, where there is no `ek_certificate`.
using LineEvidence = std::variant<app::ProvisionEvidence, app::RequestEvidence>;
Result<LineEvidence> line_evidence(json::Object& in);
/// Of a TPM `quote`, of any other root `evidence`.
Result<app::SelfEvidence> self_evidence(json::Object& in);
Result<app::SealEvidence> seal_evidence(json::Object& in);
Result<app::DeviceEvidence> device_evidence(json::Object& in);
Result<app::RevalidationEvidence> revalidation_evidence(json::Object& in);

boost::json::object challenge(const app::Challenge& challenge);
boost::json::object activation(const app::ActivationChallenge& challenge);
/// The certificate with its chain and its proof of inclusion (design rule 3).
Result<boost::json::object> issued(Services& services, const app::Issued& issued);
/// The entries from `first` on of a log of that size, `most` of them and no further than to the end of their bundle:
/// from the rows, or where those are pruned from the bundle. What was added since is not among them.
Result<std::vector<Bytes>> log_entries(Services& services, std::uint64_t first, std::uint64_t size, std::uint64_t most);
boost::json::object device_summary(const lifecycle::DeviceRecord& device);

}  // namespace birthmark::api::wire
