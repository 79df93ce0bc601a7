using System.Net.Sockets;
using System.Text;
using Pyco.Host.Guarding;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Host.Tests;

/// <summary>A stack host process that is asked for hosts which it should not have.</summary>
internal sealed unsafe class HostSharingTests
{
    private const string NetworkPath = "/no/switch";

    private static int Count;

    private readonly List<HostOrder> _made = [];
    private EventLoop _loop = null!;
    private PluggedHosts _hosts = null!;
    private HostSharing _sharing = null!;
    private string _name = "";
    private bool _admits;

    [SetUp]
    public void Begin()
    {
        _made.Clear();
        _admits = true;
        _name = $"pyco-test-{Environment.ProcessId}-{Interlocked.Increment(ref Count)}";
        _loop = new EventLoop(TimeProvider.System);
        _hosts = new PluggedHosts(_loop, new GuardContact(_loop, new GuardOptions(() => $"{_name}-guard", (_, _) => false)));
        _sharing = new HostSharing(_hosts, new HostSharingOptions
        {
            Name = _name,
            NetworkPath = NetworkPath,
            Admits = _ => _admits,
            Make = (order, _, _) =>
            {
                _made.Add(order);
                throw new InvalidOperationException("a bug");
            },
        });
    }

    [TearDown]
    public void End()
    {
        _sharing.Dispose();
        _hosts.Dispose();
        _loop.Dispose();
    }

    [Test]
    public void Who_is_not_admitted_gets_no_word()
    {
        _admits = false;
        Assert.That(Ask($"join\n{Order().Write()}\n"), Is.Empty);
    }

    [TestCase("hello\n\n")]
    [TestCase("join\n\n")]
    [TestCase("join\nnonsense\n\n")]
    public void What_is_no_order_is_sent_elsewhere(string request) => Assert.That(Ask(request), Is.EqualTo("elsewhere\n"));

    [Test]
    public void Orders_that_are_not_for_this_process_are_sent_elsewhere()
    {
        HostOrder good = Order();
        HostOrder[] others =
        [
            good with { SharedAs = "pyco-host-another" },
            good with { SharedAs = null },
            good with { Network = new VnlLocator("/another/switch") },
            good with { ProgramPid = good.ProgramPid + 1 },
            good with { Addresses = [] },
            good with { CaptureFile = "/a/file/that/does/not/come" },
        ];
        foreach (HostOrder other in others)
            Assert.That(Ask($"join\n{other.Write()}\n"), Is.EqualTo("elsewhere\n"));
        Assert.That(_made, Is.Empty);
    }

    [Test]
    public void A_bug_in_the_making_is_the_launcher_s_business_only_and_leaves_no_descriptor()
    {
        string request = $"join\n{Order().Write()}\n";
        Assert.That(Ask(request), Is.EqualTo("elsewhere\n"));
        int before = OpenDescriptors;

        Assert.That(Ask(request), Is.EqualTo("elsewhere\n"));

        Assert.That(_made, Has.Count.EqualTo(2));
        Assert.That(OpenDescriptors, Is.EqualTo(before));
        Assert.That(_hosts.Count, Is.Zero);
    }

    private static int OpenDescriptors => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>Asks as a launcher does, its standard error attached; all that is answered.</summary>
    private string Ask(string request)
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint($"\0{_name}"));
        byte[] octets = Encoding.UTF8.GetBytes(request);
        fixed (byte* start = octets)
            Assert.That(DescriptorPassing.Send((int)socket.Handle, start, (nuint)octets.Length, 2), Is.EqualTo((nint)octets.Length));
        StringBuilder answer = new();
        byte[] buffer = new byte[256];
        for (int turns = 0; turns < 1000; turns++)
        {
            _loop.Turn(TimeSpan.FromMilliseconds(10));
            if (!socket.Poll(TimeSpan.Zero, SelectMode.SelectRead))
                continue;
            int length;
            try
            {
                length = socket.Receive(buffer);
            }
            catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
            {
                length = 0; // what was said was not read
            }
            if (length == 0)
                return answer.ToString();
            answer.Append(Encoding.UTF8.GetString(buffer, 0, length));
        }
        throw new TimeoutException("no answer");
    }

    private HostOrder Order() => new()
    {
        Credentials = HostCredentials.Create(),
        ProgramPid = Environment.ProcessId,
        Addresses = [new IpPrefix(IpAddress.Parse("10.40.0.32"), 24)],
        Network = new VnlLocator(NetworkPath),
        SharedAs = _name,
        Command = "app",
    };
}
