using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace Pyco.Integration.Tests.Support;

/// <summary>The test makes network namespaces or changes users: without root it is counted as skipped, and says why.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class NeedsRootAttribute : NUnitAttribute, IApplyToTest
{
    public void ApplyToTest(Test test)
    {
        if (Environment.IsPrivilegedProcess || test.RunState == RunState.NotRunnable)
            return;
        test.RunState = RunState.Ignored;
        test.Properties.Set(PropertyNames.SkipReason, "needs root: run 'make test' as root");
    }
}
