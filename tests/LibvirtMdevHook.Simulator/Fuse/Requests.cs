using LibvirtMdevHook.Simulator.Faults;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Fuse;

/// <summary>
/// The tree as the kernel asks for it: by inode numbers and handles. Everything runs under the gate. Opens, reads and writes may meet
/// faults and be answered later.
/// </summary>
internal sealed class Requests(Folder root, FaultList faults, ActionLog log)
{
    private const int PageSize = 4096;

    private readonly Dictionary<ulong, Handle> _handles = [];
    private ulong _lastHandle;

    public KnownNodes Known { get; } = new(root);

    public ulong OpenFolder(Folder folder)
    {
        _handles[++_lastHandle] = new Handle(folder) { Entries = [folder, folder.Parent ?? folder, .. folder.Children] };
        return _lastHandle;
    }

    public Handle HandleOf(ulong handle) => _handles[handle];

    public void Open(TreeFile file, bool read, bool write, Caller caller, Action<Errno, ulong> reply)
    {
        var handle = 0ul;
        Pass(Verb.Open, file, caller.User, "", end => end(Try()), errno => reply(errno, handle));

        Errno Try()
        {
            if (file.Gone)
                return Errno.ENOENT;
            if ((read && !file.Readable) || (write && !file.Writable))
                return Errno.EACCES;
            var errno = file.Open(caller.Process);
            if (errno == Errno.None)
                _handles[handle = ++_lastHandle] = new Handle(file);
            return errno;
        }
    }

    public void Close(ulong handle)
    {
        if (_handles.Remove(handle, out var closed) && closed.Node is TreeFile file)
            file.Close();
    }

    public void Read(ulong handle, long offset, uint user, Action<Errno, byte[]> reply)
    {
        var (open, content) = (_handles[handle], Array.Empty<byte>());
        var file = (TreeFile)open.Node;
        Pass(Verb.Read, file, user, "", end => end(Try()), errno => reply(errno, content));

        Errno Try()
        {
            if (file.Gone)
                return Errno.ENODEV;
            // The driver is asked once, at the start; a read in parts continues with that answer.
            content = open.Content = offset == 0 ? file.Read() : open.Content;
            return Errno.None;
        }
    }

    public void Write(ulong handle, byte[] data, Caller caller, Action<Errno, int> reply)
    {
        var file = (TreeFile)_handles[handle].Node;
        var page = data.Length > PageSize ? data[..PageSize] : data;
        Pass(Verb.Write, file, caller.User, ActionLog.Quote(page), Act, errno => reply(errno, page.Length));

        void Act(Ending end)
        {
            if (file.Gone)
                end(Errno.ENODEV);
            else
                file.Write(page, caller.Process, end);
        }
    }

    /// <summary>Executes an action as the faults say and logs its end, and its begin if it does not end at once.</summary>
    private void Pass(Verb verb, TreeFile file, uint user, string data, Action<Ending> act, Action<Errno> reply)
    {
        var fault = file.Logged || file is VfioFile ? faults.Next(verb, file.Path, user) : null;
        var (ended, begun) = (false, false);
        faults.Apply(fault, $"{ActionLog.Name(verb)} {file.Path}", () => act(End), End);
        if (!ended)
        {
            begun = true;
            log.Begin(verb, file.Path, data);
        }

        void End(Errno errno)
        {
            ended = true;
            if ((file.Logged && verb == Verb.Write) || begun || fault is not null)
                log.End(verb, file.Path, data, fault is { Ignore: true } ? "ignored" : ActionLog.Name(errno));
            reply(errno);
        }
    }

    /// <summary>An open file or folder, with what the first read returned.</summary>
    internal sealed record Handle(Node Node)
    {
        public byte[] Content { get; set; } = [];

        public IReadOnlyList<Node> Entries { get; init; } = [];
    }
}
