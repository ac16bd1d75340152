//===- SPNNColumnOps.td - Column-wise kernel ops of spnn ---*- tablegen -*-===//
//
// Part of the sparse neural network compiler, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defines the kernel op that computes column by column on packed panels, and the ops of its body.
//
//===----------------------------------------------------------------------===//
#ifndef SPNN_IR_SPNNCOLUMNOPS_TD
#define SPNN_IR_SPNNCOLUMNOPS_TD

include "spnn/IR/SPNNKernelOps.td"

def SPNN_KernelColumnsOp : SPNN_KernelOp<"kernel_columns", [
    AttrSizedOperandSegments, IsolatedFromAbove, SingleBlock]> {
  let summary = "elementwise arithmetic and reductions over the rows of packed panels";
  let description = [{
    Computes each column of `rows` x `columns` matrices by itself. `panels` are such matrices in the layout `layout`,
    `row_vectors` have an element a row, `column_vectors` an element a column, `scalars` are the same everywhere. The
    body has an argument for each of them, in this order, and says with scalars what happens at one row of one column;
    `spnn.reduce_rows` folds a value over the rows of its column. `spnn.yield_columns` gives the elements of the inits:
    first those in panels, then those with an element a column. With `parallel` the columns are spread over OpenMP
    threads; each column is computed by one thread in one order, so results do not depend on the number of threads.

    The softmax of each column:

    ```mlir
    %y = spnn.kernel_columns 10 x %n layout(<width = 64, vector = 16>) panels(%x : tensor<?xf32>)
        outs(%e : tensor<?xf32>) -> tensor<?xf32> {
    ^bb0(%a: f32):
      %m = spnn.reduce_rows <maximumf> %a : f32
      %d = arith.subf %a, %m : f32
      %p = math.exp %d : f32
      %s = spnn.reduce_rows <add> %p : f32
      %q = arith.divf %p, %s : f32
      spnn.yield_columns panels(%q : f32)
    }
    ```

    An init may be one of `panels` itself, if their element types are the same: the op then works in place. Otherwise
    memory of inits overlaps with nothing.

    Constraints:

    - (C1) panels, vectors and inits have rank 1 and elements of an integer or floating-point type of 8 to 64 bits;
      scalars are of an integer or floating-point type;
    - (C2) a row vector has `rows` elements; `rows` is not negative;
    - (C3) the body has one argument an input, of the input's element type;
    - (C4) the body consists of `spnn.reduce_rows` and elementwise ops without effect on integers and floats; integer
      division is not among them, since columns that only fill up a vector hold anything;
    - (C5) `spnn.yield_columns` gives a value of the element type for each init, and what goes into a column vector is
      the same at all rows: it does not depend on panels or row vectors but through `spnn.reduce_rows`;
    - (C6) all operands but `columns` and `scalars` are tensors, and there is one result of each init's type, or all are
      memrefs, and there is none.
  }];
  let arguments = (ins I64Attr:$rows, Index:$columns, SPNN_PanelsAttr:$layout, Variadic<SPNN_Buffer>:$panels,
                       Variadic<SPNN_Buffer>:$row_vectors, Variadic<SPNN_Buffer>:$column_vectors,
                       Variadic<AnyType>:$scalars, Variadic<SPNN_Buffer>:$init, UnitAttr:$parallel);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $rows `x` $columns `layout` `(` $layout `)` (`panels` `(` $panels^ `:` type($panels) `)`)?
    (`row_vectors` `(` $row_vectors^ `:` type($row_vectors) `)`)?
    (`column_vectors` `(` $column_vectors^ `:` type($column_vectors) `)`)?
    (`scalars` `(` $scalars^ `:` type($scalars) `)`)? (`outs` `(` $init^ `:` type($init) `)`)?
    (`parallel` $parallel^)? attr-dict-with-keyword (`->` type($results)^)? $body
  }];
  let extraClassDeclaration = dpsDeclaration # [{
    /// The body's values that may differ between the rows of a column.
    ::llvm::DenseSet<::mlir::Value> findRowVarying();
    /// The number of inits in panels; the others have an element a column.
    int64_t getNumPanelInits();
  }];
  let hasRegionVerifier = 1;
}

/// Upstream's #vector.kind. Its own definition would bring all enums of the vector dialect into ours.
def SPNN_CombiningKindAttr : Attr<CPred<"::llvm::isa<::mlir::vector::CombiningKindAttr>($_self)">,
                                  "a kind of reduction"> {
  let storageType = "::mlir::vector::CombiningKindAttr";
  let returnType = "::mlir::vector::CombiningKind";
  let convertFromStorage = "$_self.getValue()";
}

def SPNN_Scalar : AnyTypeOf<[AnySignlessInteger, AnyFloat], "an integer or floating-point type">;

class SPNN_ColumnBodyOp<string mnemonic, list<Trait> traits = []>
    : Op<SPNN_Dialect, mnemonic, !listconcat(traits, [Pure, HasParent<"KernelColumnsOp">])>;

def SPNN_ReduceRowsOp : SPNN_ColumnBodyOp<"reduce_rows", [SameOperandsAndResultType]> {
  let summary = "a value folded over the rows of a column";
  let description = [{
    In the body of `spnn.kernel_columns`: `value` of all rows of the column, combined by `kind`, from the first row to the
    last. Without rows it is the identity of `kind`: 0 of `add`, 1 of `mul`, the least or greatest value, infinities
    among floats, of maxima and minima.

    ```mlir
    %m = spnn.reduce_rows <maximumf> %a : f32
    ```

    Constraints:

    - (C1) `kind` is `add`, `mul` or, for floats, `maximumf`, `minimumf`, `maxnumf`, `minnumf`, for integers `maxsi`,
      `minsi`, `maxui`, `minui`.
  }];
  let arguments = (ins SPNN_CombiningKindAttr:$kind, SPNN_Scalar:$value);
  let results = (outs SPNN_Scalar:$result);
  let assemblyFormat = "custom<CombiningKind>($kind) $value attr-dict `:` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The value that changes no other by `kind`.
    ::mlir::TypedAttr getIdentity();
  }];
}

def SPNN_YieldColumnsOp : SPNN_ColumnBodyOp<"yield_columns", [Terminator, AttrSizedOperandSegments]> {
  let summary = "the results of a column-wise kernel at one row of one column";
  let description = [{
    Ends the body of `spnn.kernel_columns`: `panels` go into the first inits, `columns` into those behind them.

    ```mlir
    spnn.yield_columns panels(%q : f32)
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$panels, Variadic<AnyType>:$columns);
  let assemblyFormat = [{
    (`panels` `(` $panels^ `:` type($panels) `)`)? (`columns` `(` $columns^ `:` type($columns) `)`)? attr-dict
  }];
}

#endif // SPNN_IR_SPNNCOLUMNOPS_TD
