using Pyco.Host.Loop;
using Pyco.Host.Tests.Testing;
using Pyco.Stack;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests;

/// <summary>What a host hears about its address before and after it is up.</summary>
internal sealed class AddressConflictTests : HostTest
{
    private const byte Stranger = 0x99;

    [Test]
    public void A_conflict_while_the_address_is_in_use_is_told_to_the_user()
    {
        Right.Link.Send(Announcement(Stranger));
        Network.Settle();
        Assert.That(Left.Log, Is.EqualTo(new[] { "address 10.0.0.1 is also used by 02:00:00:00:00:99; defended it" }));

        Network.Wait(TimeSpan.FromSeconds(5));
        Right.Link.Send(Announcement(Stranger));
        Network.Settle();

        Assert.That(Left.Host.Stack.AddressState, Is.EqualTo(AddressState.Conflict));
        Assert.That(Left.Log, Has.Count.EqualTo(2));
        Assert.That(Left.Log[1], Does.StartWith("address 10.0.0.1 is in use on this network by 02:00:00:00:00:99, which insists on it: given up"));
        Assert.That(Right.Log, Is.Empty);
    }

    [Test]
    public void A_host_that_wakes_late_reads_all_that_waits_before_it_takes_the_address()
    {
        VirtualClock clock = new();
        FramePool frames = new();
        MemoryLink near = new(frames), far = new(frames);
        far.Peer = near;
        StackOptions options = new()
        {
            Mac = new MacAddress([2, 0, 0, 0, 0, 1]),
            Addresses = [new IpPrefix(IpAddress.Parse("10.0.0.1"), 24)],
        };
        using (EventLoop loop = new(clock))
        using (StackHost host = new(loop, options, near, new StackMemory(frames), HostCredentials.Create(), "vde0", NameSources.None, _ => { }))
        {
            near.Wake = host.Wake;
            loop.Turn(TimeSpan.Zero);
            host.Stack.Start(loop.Now);
            host.Wake();
            loop.Turn(TimeSpan.Zero);

            for (int other = 0; other < 100; other++)
                far.Send(Announcement(Stranger, "10.0.0.7"));
            far.Send(Announcement(Stranger));
            clock.Now += TimeSpan.FromMilliseconds(20);
            loop.Turn(TimeSpan.Zero);

            Assert.That(host.Stack.AddressState, Is.EqualTo(AddressState.Conflict));
            host.Stack.ShutDown();
        }
        Assert.That(frames.Outstanding, Is.Zero, "frames leaked");
    }

    /// <summary>"This address is mine", as another host sends it.</summary>
    private static Frame Announcement(byte number, string address = "10.0.0.1")
    {
        byte[] mac = [2, 0, 0, 0, 0, number];
        byte[] ip = [.. address.Split('.').Select(byte.Parse)];
        byte[] octets =
        [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, .. mac, 0x08, 0x06,
            0, 1, 0x08, 0, 6, 4, 0, 1, .. mac, .. ip, 0, 0, 0, 0, 0, 0, .. ip,
        ];
        Frame frame = new FramePool().Rent();
        octets.CopyTo(frame.Append(octets.Length));
        return frame;
    }
}
