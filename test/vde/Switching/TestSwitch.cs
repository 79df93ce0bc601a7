using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde.Switching;

namespace Pyco.Vde.Tests.Switching;

/// <summary>A switch with a clock that the test moves, and ports that remember what they were given.</summary>
internal sealed class TestSwitch
{
    public const string Everybody = "ff:ff:ff:ff:ff:ff";

    public TestSwitch()
    {
        Switch = new Switch(new StackMemory(Frames), () => Now);
        Guard = new LoopGuard(Switch, Entropy.Seeded(1), Log.Add);
    }

    public FramePool Frames { get; } = new();

    /// <summary>For what stacks of the switch's own process send whole.</summary>
    public FramePool LargeFrames { get; } = new(80_000, 1);

    public Instant Now { get; private set; }

    public Switch Switch { get; }

    /// <summary>Not in the switch until the test puts it there.</summary>
    public LoopGuard Guard { get; }

    public List<string> Log { get; } = [];

    /// <summary>A new port at the lowest number.</summary>
    public TestPort Plug(bool mayLoop = false)
    {
        TestPort port = new(this, mayLoop);
        Assert.That(Switch.TryAdd(port), Is.True);
        return port;
    }

    public TestPort[] Plug(int count) => [.. Enumerable.Range(0, count).Select(_ => Plug())];

    public void Pass(TimeSpan time) => Now += time;

    /// <summary>A station's address.</summary>
    public static string Mac(int station) => $"02:00:00:00:{station >> 8:x2}:{station & 0xff:x2}";
}
