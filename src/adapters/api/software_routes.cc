// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/software_routes.h"

#include "adapters/api/orders.h"
#include "adapters/api/problem.h"
#include "adapters/api/wire.h"

namespace birthmark::api {

Result<http::Response> software_register(Call& call) {
  BM_TRY(auto order, wire::body<app::SoftwareOrder>(call.request, [](json::Object& in) -> Result<app::SoftwareOrder> {
           app::SoftwareOrder out;
           BM_TRY(out.batch, in.text("batch"));
           BM_TRY(out.csr, in.base64("csr", 16 * 1024));
           return out;
         }));
  order.actor = actor_of(call);
  BM_TRY(const auto registered, call.services.software_roots.register_device(order));
  BM_TRY(auto body, wire::issued(call.services, registered.idevid));
  for (auto& member : wire::device_summary(registered.device)) {
    body[member.key()] = member.value();
  }
  return ok(body, 201);
}

}  // namespace birthmark::api
