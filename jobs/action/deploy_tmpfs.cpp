// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/actions.hpp"
#include "jobs/action/fetch.hpp"

namespace hilltop::jobs {
namespace {

Task<DeployedImage> deploy_one(std::shared_ptr<JobRun> run, const DeployImage* image, std::size_t index,
                               ActionContext context) {
  const auto folder = run->input.job_dir / folder_name(context.name_space) / folder_name(image->label);
  HILLTOP_CO_TRY(auto put, co_await fetch_into(run, &image->url, image->label, index, folder, context));
  DeployedImage out{image->label, std::move(put), image->image_arg};
  co_return out;
}

}  // namespace

Task<> deploy_tmpfs(std::shared_ptr<JobRun> run, const DeployTmpfs* block, ActionContext context) {
  std::vector<DeployedImage> images;
  for (std::size_t i = 0; i < block->images.size(); ++i) {
    HILLTOP_CO_TRY(auto deployed, co_await deploy_one(run, &block->images[i], i, context));
    images.push_back(std::move(deployed));
  }
  run->deployed[context.name_space] = std::move(images);
  co_return ok();
}

}  // namespace hilltop::jobs
