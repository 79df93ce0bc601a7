namespace Pyco.Integration.Tests.Support;

/// <summary>Bounded waits for what another process does. A test waits for a fact, never for a length of time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until <paramref name="condition"/> holds; throws with <paramref name="expected"/> if it never does.</summary>
    public static void True(Func<bool> condition, Func<string> expected, TimeSpan? patience = null)
    {
        if (!SpinWait.SpinUntil(() => Look(condition), patience ?? RunningProgram.Patience))
            throw new AssertionException($"Waited in vain for {expected()}");
    }

    private static bool Look(Func<bool> condition)
    {
        if (condition())
            return true;
        Thread.Sleep(LookAgain);
        return false;
    }
}
