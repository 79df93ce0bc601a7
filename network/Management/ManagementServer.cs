using System.Runtime.InteropServices;
using Pyco.Host.Control;
using Pyco.Network.Control;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Network.Management;

/// <summary>
/// vde_switch's management socket (its option -M), for unixterm, vdeterm, unixcmd and scripts: a prompt, one command a
/// line, an answer of data between <c>0000</c> and a dot, and a result with an errno. Those whom the socket's mode lets in
/// may look; only the network's owner and root may change something.
/// </summary>
internal sealed class ManagementServer : IDisposable
{
    private const string Prompt = "\nvde$ ";
    private const string EndOfSession = "9999 END OF SESSION";

    /// <summary>People, and a script or two.</summary>
    private const int MostConnections = 64;

    private readonly string _path;
    private readonly List<ManagementConnection> _connections = [];
    private readonly ManagementCommand[] _commands;
    private readonly ConnectionListener<ManagementConnection> _listener;

    /// <exception cref="IOException">The socket cannot be made.</exception>
    public ManagementServer(VirtualNetwork network)
    {
        _path = network.Options.ManagementSocket ?? network.Folder.ManagementSocket;
        RemoveLeftover(_path);
        SwitchCommands general = new(network, _path, () => _commands!);
        _commands =
        [
            .. general.All,
            .. DebugCommands.All,
            .. new HashCommands(network.Switch.Stations).All,
            .. new FstpCommands(network.Switch).All,
            .. new PortCommands(network).All,
            .. new VlanCommands(network.Switch).All,
        ];
        _ = new News(network.Switch, _connections);
        _listener = PathListener.Open(
            network.Loop, _path, network.Options, descriptor => new ManagementConnection(network.Loop, descriptor, this));
    }

    public void Dispose()
    {
        _listener.Dispose();
        while (_connections.Count > 0)
            _connections[^1].Close();
        _ = Libc.unlink(_path);
    }

    /// <summary>Greets somebody; false if there are too many already.</summary>
    public bool TryBegin(ManagementConnection connection)
    {
        if (_connections.Count >= MostConnections)
            return false;
        _connections.Add(connection);
        connection.Send($"{SwitchCommands.Banner}\n{Prompt}");
        return true;
    }

    public void End(ManagementConnection connection) => _connections.Remove(connection);

    /// <summary>Does what is on a line.</summary>
    public void Do(ManagementConnection caller, string line)
    {
        line = line.TrimStart(' ', '\t');
        if (line.Length == 0 || line[0] == '#')
        {
            caller.Send(Prompt);
            return;
        }
        // As vde_switch has it: the first command that the line begins with, though the word may go on.
        ManagementCommand? command =
            Array.Find(_commands, command => command.Do is not null && line.StartsWith(command.Path, StringComparison.Ordinal));
        if (command is null)
        {
            caller.Send(Result(Errno.ENOSYS) + Prompt);
            return;
        }
        ManagementCall call = new(caller, line[command.Path.Length..].Trim(' ', '\t'));
        Errno result = command.IsChange && !caller.MayChange ? Errno.EPERM : command.Do!(call);
        if (result == SwitchCommands.SessionEnds)
        {
            caller.Send(EndOfSession);
            caller.Close();
            return;
        }
        string data = command.HasData ? $"0000 DATA END WITH '.'\n{call.Data}.\n" : "";
        caller.Send(data + Result(result) + Prompt);
    }

    private static string Result(Errno result) =>
        result == Errno.None ? "1000 Success\n" : $"1{(int)result:000} {Marshal.GetPInvokeErrorMessage((int)result)}\n";

    /// <summary>What a network leaves that was killed. Its own folder was cleaned before.</summary>
    private static void RemoveLeftover(string path)
    {
        if (NetworkFolder.IsAlive(path))
            throw new IOException($"a program listens at {path} already: choose another path with --mgmt");
        if (FileStatus.TryGetLink(path, out FileStatus status) && status.IsSocket)
            _ = Libc.unlink(path);
    }
}
