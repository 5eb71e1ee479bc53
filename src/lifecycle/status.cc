// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/status.h"

#include <string>

namespace birthmark::lifecycle {
namespace {

Status live_ldevid(State state, HoldSet holds) {
  switch (state) {
    case State::uninitialized:
    case State::provisioned:
    case State::enrolled:
      return Status::not_admitted;
    case State::operational:
      return holds.empty() ? Status::admitted : Status::held;
    case State::suspended:
      return Status::held;
    case State::revoked:
    case State::decommissioned:
      return Status::ended;
  }
  return Status::not_admitted;
}

}  // namespace

Status status_of(State state, CredentialKind kind, HoldSet holds, Standing standing) {
  // The end comes before everything: it is true of a certificate whatever else is.
  if (standing == Standing::ended || state == State::revoked || state == State::decommissioned) {
    return Status::ended;
  }
  if (standing != Standing::live || kind != CredentialKind::ldevid) {
    return Status::not_admitted;
  }
  return live_ldevid(state, holds);
}

Result<Status> on_wire(Status published, Status wanted) {
  if (published == Status::not_admitted && wanted == Status::held) {
    return published;
  }
  if (!may_become(published, wanted)) {
    return fail(Code::conflict, std::string{"status "}.append(name(published)).append(" to ").append(name(wanted)));
  }
  return wanted;
}

std::string_view name(Status status) {
  switch (status) {
    case Status::admitted:
      return "admitted";
    case Status::ended:
      return "ended";
    case Status::held:
      return "held";
    case Status::not_admitted:
      return "not_admitted";
  }
  return "unknown";
}

std::string_view name(CredentialKind kind) {
  switch (kind) {
    case CredentialKind::idevid:
      return "idevid";
    case CredentialKind::ldevid:
      return "ldevid";
  }
  return "unknown";
}

}  // namespace birthmark::lifecycle
