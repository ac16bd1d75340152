// count-opt: an mlir-opt with the compiler's dialect and passes, and ours.
#include "CountSparseProducts.h"

#include "spnn/InitAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  spnn::registerDialect(registry);
  spnn::registerPassesAndPipelines();
  registerCountSparseProducts();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "count-opt: counts sparse products\n", registry));
}
