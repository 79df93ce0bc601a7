using System.Net.Sockets;

namespace Pyco.Vde.Tests;

/// <summary>The switch's side of the wire, misbehaving as a test wants it.</summary>
internal sealed class FakeSwitch : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Socket _data = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly Task<Socket?> _serving;

    private FakeSwitch(TempFolder folder, Func<FakeSwitch, Socket, byte[]> answer)
    {
        Path = folder.Path;
        _listener.Bind(new UnixDomainSocketEndPoint($"{Path}/ctl"));
        _listener.Listen();
        _data.Bind(new UnixDomainSocketEndPoint(DataPath));
        _data.Blocking = false;
        _serving = Task.Run(() => Serve(answer));
    }

    public string Path { get; }

    public string DataPath => $"{Path}/data";

    public VnlLocator Locator => new(Path);

    /// <summary>What came in the last request.</summary>
    public byte[] Request { get; private set; } = [];

    /// <summary>Gives its data socket's address as a switch does, then never reads a frame by itself.</summary>
    public static FakeSwitch ThatAnswers(TempFolder folder) => new(folder, (self, _) => Address(self.DataPath));

    public static FakeSwitch ThatAnswers(TempFolder folder, byte[] octets) => new(folder, (_, _) => octets);

    /// <summary>Takes the request and keeps silent, as a full switch does.</summary>
    public static FakeSwitch ThatIsSilent(TempFolder folder) => new(folder, (_, _) => []);

    public static FakeSwitch ThatCloses(TempFolder folder) => new(
        folder,
        (_, connection) =>
        {
            connection.Close();
            return [];
        });

    /// <summary>A struct sockaddr_un.</summary>
    public static byte[] Address(string path)
    {
        byte[] octets = new byte[110];
        octets[0] = 1;
        System.Text.Encoding.UTF8.GetBytes(path, octets.AsSpan(2));
        return octets;
    }

    public bool TryReceive(out string payload)
    {
        byte[] octets = new byte[2048];
        payload = "";
        if (!_data.Poll(0, SelectMode.SelectRead))
            return false;
        payload = TestFrames.Payload(octets.AsSpan(0, _data.Receive(octets)));
        return true;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _serving.Wait(TimeSpan.FromSeconds(60));
        _serving.Result?.Dispose();
        _data.Dispose();
    }

    private Socket? Serve(Func<FakeSwitch, Socket, byte[]> answer)
    {
        try
        {
            Socket connection = _listener.Accept();
            byte[] request = new byte[512];
            Request = request[..connection.Receive(request)];
            byte[] octets = answer(this, connection);
            if (octets.Length > 0)
                _ = connection.Send(octets);
            return connection;
        }
        catch (SocketException)
        {
            return null; // disposed before anyone came
        }
    }
}
