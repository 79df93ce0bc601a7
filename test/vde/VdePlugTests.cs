using System.Diagnostics;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Vde.Tests;

/// <summary>The plug in Debian's own switch.</summary>
internal sealed class VdePlugTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly FramePool _frames = new();
    private readonly List<string> _log = [];
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void A_frame_goes_through_the_switch_to_another_plug()
    {
        using StockSwitch vdeSwitch = StartSwitch();
        using VdePlug left = Plug(vdeSwitch);
        using VdePlug right = Plug(vdeSwitch);
        left.Send(Broadcast("over the wire"));
        using Frame frame = ReceiveOne(right);
        Assert.That(TestFrames.Payload(frame), Is.EqualTo("over the wire"));
    }

    [Test]
    public void The_plug_leaves_no_name_behind_in_the_folder()
    {
        using StockSwitch vdeSwitch = StartSwitch();
        using VdePlug plug = Plug(vdeSwitch);
        Assert.That(Directory.GetFileSystemEntries(vdeSwitch.Path, ".*"), Is.Empty);
    }

    [Test]
    public void The_longest_frame_passes_whole_and_a_longer_one_is_never_sent()
    {
        using StockSwitch vdeSwitch = StartSwitch();
        using VdePlug left = Plug(vdeSwitch);
        using VdePlug right = Plug(vdeSwitch);
        left.Send(Broadcast(new string('l', 1501)));
        left.Send(Broadcast(new string('m', 1500)));
        using Frame frame = ReceiveOne(right);
        Assert.That(TestFrames.Payload(frame), Is.EqualTo(new string('m', 1500)));
        Assert.That(left.Counters.DroppedOverlong, Is.EqualTo(1));
    }

    [Test]
    public void When_the_switch_comes_back_the_plug_is_in_it_again()
    {
        VdePlug plug;
        using (StockSwitch first = StartSwitch())
        {
            plug = Plug(first);
        }
        using (plug)
        {
            Drive(plug, () => plug.Descriptor < 0, "the plug sees the switch go");
            plug.Send(Broadcast("into the void"));
            using StockSwitch second = StartSwitch();
            Drive(plug, () => plug.Descriptor >= 0, "the plug is in the new switch");
            using VdePlug other = Plug(second);
            plug.Send(Broadcast("again"));
            using Frame frame = ReceiveOne(other);
            Assert.That(TestFrames.Payload(frame), Is.EqualTo("again"));
            Assert.That(plug.TakeRestored(), Is.True);
            Assert.That(plug.TakeRestored(), Is.False);
            Assert.That(plug.Counters.DroppedAway, Is.EqualTo(1));
            Assert.That(_log, Has.Count.EqualTo(2));
            Assert.That(_log[0], Does.Contain("is gone"));
            Assert.That(_log[1], Does.Contain("is back"));
        }
    }

    [Test]
    public void A_full_switch_does_not_answer_and_the_plug_says_that_it_is_full()
    {
        using StockSwitch vdeSwitch = StockSwitch.Start($"{_folder.Path}/s", "-n", "2");
        using VdePlug first = Plug(vdeSwitch);
        VdeException failure = Assert.Throws<VdeException>(() => Plug(vdeSwitch))!;
        Assert.That(failure.Failure, Is.EqualTo(VdeFailure.NoAnswer));
        Assert.That(failure.Message, Does.Contain("full").And.Contain("vde_switch -n"));
    }

    [Test]
    public void A_port_that_the_switch_does_not_have_is_named()
    {
        using StockSwitch vdeSwitch = StartSwitch();
        VdeException failure = Assert.Throws<VdeException>(
            () => VdePlug.Connect(vdeSwitch.Locator with { Port = 77 }, "test", _frames, _log.Add))!;
        Assert.That(failure.Failure, Is.EqualTo(VdeFailure.NoAnswer));
        Assert.That(failure.Message, Does.Contain("no port 77"));
    }

    [Test]
    public void Frames_that_the_switch_does_not_take_wait_and_then_drop()
    {
        using FakeSwitch silent = FakeSwitch.ThatAnswers(_folder);
        using VdePlug plug = VdePlug.Connect(silent.Locator, "test", _frames, _log.Add);
        int sent = 0;
        while (plug.Counters.DroppedQueueFull == 0 && sent < 10_000)
        {
            plug.Send(Broadcast($"frame {sent}"));
            sent++;
        }
        Assert.That(plug.WantsWrite, Is.True);
        Assert.That(plug.Counters.DroppedQueueFull, Is.EqualTo(1));
        int arrived = 0;
        while (silent.TryReceive(out string payload))
        {
            Assert.That(payload, Is.EqualTo($"frame {arrived}"));
            arrived++;
            plug.OnWritable(default);
        }
        Assert.That(arrived, Is.EqualTo(sent - 1));
        Assert.That(plug.WantsWrite, Is.False);
    }

    private StockSwitch StartSwitch() => StockSwitch.Start($"{_folder.Path}/s");

    private VdePlug Plug(StockSwitch vdeSwitch) => VdePlug.Connect(vdeSwitch.Locator, "test", _frames, _log.Add);

    private Frame Broadcast(string payload) => TestFrames.Broadcast(_frames, payload);

    private static Frame ReceiveOne(VdePlug plug)
    {
        Frame[] batch = new Frame[1];
        Await.Until(() => plug.Receive(batch) == 1, Patience, "a frame arrives");
        return batch[0];
    }

    /// <summary>Does what an event loop does, until the condition holds.</summary>
    private static void Drive(VdePlug plug, Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        Await.Until(
            () =>
            {
                Instant now = new(Stopwatch.GetElapsedTime(start).Ticks);
                if (plug.ControlDescriptor >= 0)
                    plug.OnControl(now);
                _ = plug.Advance(now);
                return condition();
            },
            Patience,
            what);
    }
}
