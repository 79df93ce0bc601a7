using Pyco.Host.Publishing;
using Pyco.Stack.Wire;

namespace Pyco.Host.Tests.Testing;

/// <summary>Ports of the left host are published on the machine's loopback, whose sockets are the kernel's own.</summary>
internal abstract class PublishTest : HostTest
{
    /// <summary>Far more than anything takes here, so that only a hang meets it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<OutsideClient> _clients = [];

    [TearDown]
    public void CloseClients()
    {
        foreach (OutsideClient client in _clients)
            client.Dispose();
        _clients.Clear();
    }

    /// <summary>Publishes a port of the left host; what is published has the port that the kernel chose.</summary>
    protected PublishedPort Publish(ushort inside, bool isUdp = false, string address = "127.0.0.1", ushort outside = 0) =>
        Left.Host.Publisher.Publish(
            new PublishedPort(new IpEndpoint(IpAddress.Parse(address), outside), inside, isUdp));

    protected OutsideClient Hold(OutsideClient client)
    {
        _clients.Add(client);
        return client;
    }

    /// <summary>The kernel delivers to its own sockets in its own time, so here both clocks go on.</summary>
    protected void Until(Func<bool> isDone, string expected)
    {
        long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (true)
        {
            Network.Settle();
            if (isDone())
                return;
            Assert.That(Environment.TickCount64, Is.LessThan(end), $"waited in vain for {expected}");
            Thread.Sleep(1);
            Network.Wait(TimeSpan.FromMilliseconds(1));
        }
    }

    /// <summary>What the client reads next: some octets, or an end.</summary>
    protected string ReadText(OutsideClient client)
    {
        Until(() => client.IsReadable, "something to read outside");
        return client.ReceiveText();
    }

    /// <summary>What the program reads next.</summary>
    protected string AwaitText(TestSocket socket)
    {
        Until(() => (socket.Events & Posix.Constants.PollIn) != 0, "something to read in the program");
        return ReadText(socket);
    }
}
