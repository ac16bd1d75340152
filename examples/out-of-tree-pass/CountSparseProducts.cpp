// The pass count-sparse-products: says of each product how its weights are stored, and writes down how many are sparse.
#include "CountSparseProducts.h"

#include "spnn/IR/SparseFormats.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace {
struct CountSparseProducts : PassWrapper<CountSparseProducts, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CountSparseProducts)

  StringRef getArgument() const override { return "count-sparse-products"; }
  StringRef getDescription() const override { return "Count the products with a sparse operand"; }
  void getDependentDialects(DialectRegistry &registry) const override { registry.insert<spnn::SPNNDialect>(); }

  void runOnOperation() override {
    int64_t sparse = 0, all = 0;
    getOperation().walk([&](spnn::MatmulOp product) {
      ++all;
      bool found = false;
      for (Value operand : {product.getLhs(), product.getRhs()}) {
        // Whatever the format: CSR, N:M, ours or one that somebody registered yesterday.
        auto type = cast<RankedTensorType>(operand.getType());
        if (!spnn::isSparse(type))
          continue;
        if (auto format = spnn::getSparseFormat(type, [&] { return product.emitError(); })) {
          product.emitRemark() << "an operand is stored as " << format->name();
          found = true;
        }
      }
      sparse += found;
    });
    Builder builder(&getContext());
    getOperation()->setAttr("sparse_products", builder.getI64IntegerAttr(sparse));
    getOperation()->setAttr("products", builder.getI64IntegerAttr(all));
  }
};
} // namespace

void registerCountSparseProducts() { PassRegistration<CountSparseProducts>(); }
