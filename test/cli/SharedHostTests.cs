using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Pyco.Cli.Host;
using Pyco.Host;
using Pyco.Stack.Wire;
using Pyco.Vde;

namespace Pyco.Cli.Tests;

/// <summary>A launcher that asks a stack host process for a host, with a process that is played.</summary>
internal sealed class SharedHostTests
{
    private const string Report = "ready 4711 1 02:00:00:00:00:01 10.40.0.32/24\n";

    private static int Count;

    private string _name = "";

    [SetUp]
    public void ChooseName() => _name = $"pyco-test-{Environment.ProcessId}-{Interlocked.Increment(ref Count)}";

    [Test]
    public void Without_a_process_there_is_no_host() => Assert.That(Join(), Is.Null);

    [Test]
    public void Who_shares_nothing_asks_nobody()
    {
        using Socket listener = Listen();
        Assert.That(SharedHost.TryJoin(Order(sharedAs: null), -1), Is.Null);
        Assert.That(listener.Poll(TimeSpan.Zero, SelectMode.SelectRead), Is.False);
    }

    [Test]
    public void A_host_that_is_taken_and_up_tells_of_itself()
    {
        HostReport? report = JoinWith(socket => Say(socket, "taken\n", Report));
        Assert.That(report?.ProcessId, Is.EqualTo(4711));
    }

    [TestCase("elsewhere\n", TestName = "Who_is_sent_elsewhere_gets_none_here")]
    [TestCase("", TestName = "A_process_that_ends_without_a_word_is_none")]
    [TestCase("taken\n", TestName = "A_process_that_ends_meanwhile_is_none")]
    [TestCase("taken\nelsewhere\n", TestName = "Who_is_sent_elsewhere_late_gets_none_here")]
    [TestCase("error unknown\n", TestName = "What_another_version_says_is_not_believed")]
    public void It_is_to_be_started(string answer) => Assert.That(JoinWith(socket => Say(socket, answer)), Is.Null);

    [Test]
    public void A_process_that_is_stopped_is_not_waited_for()
    {
        using Socket listener = Listen();
        Assert.That(Join(), Is.Null);
    }

    [Test]
    public void A_refusal_is_the_user_s()
    {
        IOException failure = Assert.Throws<IOException>(() => JoinWith(socket => Say(socket, "taken\n", "error address is in use\n")))!;
        Assert.That(failure.Message, Is.EqualTo("address is in use"));
    }

    [Test]
    public void The_name_is_the_same_for_the_same_terms_only()
    {
        using TemporarySwitch one = new();
        using TemporarySwitch other = new();
        string? name = Find(one);

        Assert.That(name, Does.Match("^pyco-host-[0-9a-f]{32}$").And.EqualTo(Find(one)));
        Assert.That(Find(other), Is.Not.EqualTo(name));
        Assert.That(Find(one, runtimeFolder: "/elsewhere"), Is.Not.EqualTo(name));
        File.Delete(one.Control);
        Assert.That(Find(one), Is.Null, "nobody knows what switch will be there");
    }

    [Test]
    public void Terms_can_be_read_of_another_process_and_are_the_same_for_the_same()
    {
        LaunchTerms? own = LaunchTerms.Own;
        Assert.That(own, Is.Not.Null);
        Assert.That(LaunchTerms.Of(Environment.ProcessId), Is.EqualTo(own));
        Assert.That(LaunchTerms.Of(0), Is.Null);
        using var other = Process.Start("sleep", "60");
        try
        {
            Assert.That(LaunchTerms.Of(other.Id), Is.Not.Null.And.Not.EqualTo(own), "it is another program");
        }
        finally
        {
            other.Kill();
        }
    }

    private static string? Find(TemporarySwitch at, string? runtimeFolder = null) =>
        SharingName.Find(LaunchTerms.Own, new VnlLocator(at.Folder), name => name == "XDG_RUNTIME_DIR" ? runtimeFolder : null);

    private HostReport? JoinWith(Action<Socket> play)
    {
        using Socket listener = Listen();
        Task player = Task.Run(() =>
        {
            using Socket socket = listener.Accept();
            byte[] request = new byte[64 * 1024];
            int length = 0;
            while (!Encoding.UTF8.GetString(request, 0, length).EndsWith("\n\n", StringComparison.Ordinal))
                length += socket.Receive(request.AsSpan(length));
            play(socket);
        });
        try
        {
            return Join();
        }
        finally
        {
            player.Wait(TimeSpan.FromSeconds(60));
        }
    }

    private HostReport? Join() => SharedHost.TryJoin(Order(_name), -1);

    private Socket Listen()
    {
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint($"\0{_name}"));
        listener.Listen();
        return listener;
    }

    private static void Say(Socket socket, params string[] lines)
    {
        foreach (string line in lines)
            socket.Send(Encoding.UTF8.GetBytes(line));
    }

    private static HostOrder Order(string? sharedAs) => new()
    {
        Credentials = HostCredentials.Create(),
        ProgramPid = Environment.ProcessId,
        Addresses = [new IpPrefix(IpAddress.Parse("10.40.0.32"), 24)],
        Network = new VnlLocator("/no/switch"),
        SharedAs = sharedAs,
        Command = "app",
    };

    private sealed class TemporarySwitch : IDisposable
    {
        public TemporarySwitch() => File.WriteAllText(Control, "");

        public string Folder { get; } = Directory.CreateTempSubdirectory("pyco-switch-").FullName;

        public string Control => Path.Combine(Folder, "ctl");

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
