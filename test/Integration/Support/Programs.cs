namespace Pyco.Integration.Tests.Support;

/// <summary>The servers that several tests start, with the smallest configuration that each accepts.</summary>
internal static class Programs
{
    /// <summary>Python: tells that it waits for a connection, and then how that has failed.</summary>
    public const string AcceptOnce = """
        import errno, socket
        listener = socket.create_server(("", 80))
        print("waits")
        try:
            listener.accept()
        except OSError as error:
            print(errno.errorcode[error.errno])
        """;

    /// <summary>Debian's python where there is one: a version manager's stands behind a shell script.</summary>
    public static string Python { get; } = File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

    /// <summary>Starts <c>python3 -m http.server 80</c> on the folder and waits until it serves.</summary>
    public static RunningProgram ServePython(this Wire wire, string address, string folder)
    {
        RunningProgram server =
            wire.RunAt(address, Python, "-u", "-m", "http.server", "80", "--directory", folder);
        wire.WaitUntilListening(address, 80);
        return server;
    }

    /// <summary>Starts nginx with a master and two workers on port 80 and waits until it serves.</summary>
    public static RunningProgram ServeNginx(this Wire wire, string address, string folder)
    {
        RunningProgram server = wire.RunAt(address, [.. NginxCommand(wire, address, folder)]);
        wire.WaitUntilListening(address, 80);
        return server;
    }

    /// <summary>nginx in the foreground; as root its workers become www-data, as Debian's own do.</summary>
    public static string[] NginxCommand(Wire wire, string name, string folder)
    {
        string user = Environment.IsPrivilegedProcess ? "user www-data;" : "";
        string own = wire.PathOf($"nginx-{name}");
        Directory.CreateDirectory(own);
        string configuration = wire.Write($"nginx-{name}/nginx.conf", $$"""
            {{user}}
            worker_processes 2;
            daemon off;
            pid {{own}}/pid;
            error_log stderr warn;
            events { worker_connections 256; }
            http {
              access_log {{own}}/access.log;
              client_body_temp_path {{own}}/body;
              proxy_temp_path {{own}}/proxy;
              fastcgi_temp_path {{own}}/fastcgi;
              uwsgi_temp_path {{own}}/uwsgi;
              scgi_temp_path {{own}}/scgi;
              sendfile on;
              server {
                listen 80;
                listen [::]:8080 ipv6only=off;
                root {{folder}};
                location = /who { return 200 "$remote_addr to $server_addr:$server_port by $pid\n"; }
              }
            }
            """);
        return ["nginx", "-p", own, "-e", "stderr", "-c", configuration];
    }

    /// <summary>Starts sshd on port 22 with keys of its own; the options that ssh and scp need to get in.</summary>
    public static string[] StartSshd(this Wire wire, string server)
    {
        // sshd as root refuses to start without the empty folder into which it locks its unprivileged half.
        if (Environment.IsPrivilegedProcess)
            Directory.CreateDirectory("/run/sshd");
        foreach (string key in new[] { "host-key", "user-key" })
            wire.Start("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", wire.PathOf(key)).Succeed();
        string configuration = wire.Write("sshd_config", $"""
            Port 22
            HostKey {wire.PathOf("host-key")}
            AuthorizedKeysFile {wire.PathOf("user-key.pub")}
            PidFile {wire.PathOf("sshd.pid")}
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PermitRootLogin yes
            Subsystem sftp internal-sftp
            """);
        wire.RunAt(server, "/usr/sbin/sshd", "-D", "-e", "-f", configuration);
        wire.WaitUntilListening(server, 22);
        return
        [
            "-F", "none", "-i", wire.PathOf("user-key"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", $"UserKnownHostsFile={wire.PathOf("known-hosts")}",
        ];
    }

    /// <summary>SHA-256 of a file in hex.</summary>
    public static string Hash(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file));
    }
}
