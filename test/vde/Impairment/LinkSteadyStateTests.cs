using Pyco.Stack;
using Pyco.Stack.Wire;
using Pyco.Vde.Impairment;

namespace Pyco.Vde.Tests.Impairment;

public sealed class LinkSteadyStateTests
{
    private const int WarmUp = 3000;
    private const int Frames = 5000;
    private const int FramesPerMillisecond = 10;

    [TestCase("none")]
    [TestCase("delay=20ms,jitter=10ms")]
    [TestCase("delay=20ms,jitter=10ms,loss=5%,burst=2,duplicate=5%,reorder=5%,corrupt=5%,rate=100mbit,mtu=1500")]
    [TestCase("rate=10mbit,queue=100")]
    public void A_frame_costs_no_managed_memory_once_the_link_is_warm(string text)
    {
        FramePool pool = new();
        LinkImpairment link = new(TestLink.Conditions(text), new SplitMix64(1), pool);
        Instant now = new(TimeSpan.TicksPerHour);
        Pass(WarmUp);
        long passed = link.Counters.Passed;
        long before = GC.GetAllocatedBytesForCurrentThread();
        Pass(Frames);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(link.Counters.Passed, Is.GreaterThan(passed));
        link.Dispose();
        Assert.That(pool.Outstanding, Is.Zero);

        void Pass(int frames)
        {
            for (int count = 0; count < frames; count++)
            {
                Frame frame = pool.Rent();
                frame.Append(1000).Fill(8);
                link.Enqueue(frame, now);
                if (count % FramesPerMillisecond != 0)
                    continue;
                now += TimeSpan.FromMilliseconds(1);
                while (link.NextDue <= now && link.TryDequeue(now, out Frame? arrived))
                    arrived.Dispose();
            }
        }
    }
}
