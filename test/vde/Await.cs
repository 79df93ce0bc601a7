using System.Diagnostics;

namespace Pyco.Vde.Tests;

/// <summary>Waits for another process, which a test cannot step through by itself.</summary>
internal static class Await
{
    public static void Until(Func<bool> condition, TimeSpan limit, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
                Assert.Fail($"gave up waiting: {what}");
            Thread.Yield();
        }
    }
}
